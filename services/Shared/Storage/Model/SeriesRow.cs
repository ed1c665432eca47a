namespace Tally.Storage.Model;

/// <summary>A device's metric; table <c>series</c>.</summary>
public sealed class SeriesRow
{
    /// <summary>Key.</summary>
    public int Id { get; init; }

    /// <summary>Device. Unique together with <see cref="Metric"/>.</summary>
    public required string Device { get; init; }

    /// <summary>Metric.</summary>
    public required string Metric { get; init; }

    /// <summary>Unit, as the first reading of the series said; empty when it said none.</summary>
    public required string Unit { get; init; }
}
