namespace Tally.Storage.Model;

/// <summary>
/// One reading; table <c>readings</c>, partitioned by UTC day of <see cref="At"/>. All four key columns are its primary key.
/// </summary>
public sealed class ReadingRow
{
    /// <summary>Key of its series; not a foreign key, which would cost a look-up for every row.</summary>
    public int SeriesId { get; init; }

    /// <summary>When it was measured; microseconds.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Key of its run; 0 for foreign readings.</summary>
    public int RunId { get; init; }

    /// <summary>Number in its series and run, from 1.</summary>
    public long Seq { get; init; }

    /// <summary>When the transaction began that stored it; the database's clock.</summary>
    public DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The value; NaN is a value.</summary>
    public double Value { get; init; }

    /// <summary>The text that the value was found in; null for formats that carry a number.</summary>
    public string? RawText { get; init; }

    /// <summary>What is special about it (<see cref="ReadingMarks"/>); null when nothing is.</summary>
    public short? Marks { get; init; }
}
