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

    /// <summary>Which message of the batch it came with (<see cref="ReadingBatch.AddMessage"/>).</summary>
    public int Message { get; set; }

    /// <summary>Set by the writer: PostgreSQL refused the row, and its message is a dead letter now. Null: stored.</summary>
    public string? Refused { get; set; }
}
