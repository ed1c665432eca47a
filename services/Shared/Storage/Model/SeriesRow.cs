namespace Tally.Storage.Model;

/// <summary>A device's metric in one unit; table <c>series</c>.</summary>
public sealed class SeriesRow
{
    /// <summary>Key.</summary>
    public int Id { get; init; }

    /// <summary>Device. Unique together with <see cref="Metric"/> and <see cref="Unit"/>.</summary>
    public required string Device { get; init; }

    /// <summary>Metric.</summary>
    public required string Metric { get; init; }

    /// <summary>Unit; empty for readings that say none. A metric whose unit changes has a series for each.</summary>
    public required string Unit { get; init; }

    /// <summary>Full topic of its first reading; empty where it was stored before topics were kept.</summary>
    public required string Topic { get; init; }

    /// <summary>Name of the source that read it: a preset, or <c>Sources:{index}</c>.</summary>
    public required string Source { get; init; }
}
