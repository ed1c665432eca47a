namespace Tally.Storage;

/// <summary>One reading on its way into the store. (run, series, seq) is its identity.</summary>
public record struct Reading
{
    /// <summary>Device and metric.</summary>
    public required Series Series { get; set; }

    /// <summary>Run.</summary>
    public required Run Run { get; set; }

    /// <summary>Number in its series and run, from 1.</summary>
    public long Seq { get; set; }

    /// <summary>When it was measured, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long At { get; set; }

    /// <summary>The value; NaN is a value, an infinity is not.</summary>
    public double Value { get; set; }

    /// <summary>The text that the value was found in; null for formats that carry a number.</summary>
    public string? RawText { get; set; }

    /// <summary>What is special about it.</summary>
    public ReadingMarks Marks { get; set; }

    /// <summary>Where it is no reading of its own: it counts as a duplicate then.</summary>
    public KnownIf KnownIf { get; set; }

    /// <summary>Which message of the batch it came with (<see cref="ReadingBatch.AddMessage"/>).</summary>
    public int Message { get; set; }

    /// <summary>Set by the writer: the store has it already (<see cref="KnownIf"/>).</summary>
    internal bool IsKnown { get; set; }

    /// <summary>Set by the writer: PostgreSQL refused the row, and its message is a dead letter now. Null: stored.</summary>
    public string? Refused { get; set; }
}

/// <summary>When a foreign reading, which has no identity, is one that the store has already.</summary>
public enum KnownIf : byte
{
    /// <summary>Never: two equal readings are two.</summary>
    Never,

    /// <summary>The store has one of its series with its time and value.</summary>
    SameTime,

    /// <summary>The store has any of its series.</summary>
    AnyOfSeries,
}
