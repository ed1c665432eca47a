namespace Tally.Storage;

/// <summary>Where a series comes from.</summary>
/// <param name="Topic">Full topic, UTF-8 text without NUL.</param>
/// <param name="Source">Name of what reads it.</param>
/// <param name="MaxSeries">Series that all of that name may make together.</param>
public sealed record SeriesOrigin(string Topic, string Source, int MaxSeries)
{
    /// <summary>Nothing said.</summary>
    public static SeriesOrigin None { get; } = new("", "", int.MaxValue);
}
