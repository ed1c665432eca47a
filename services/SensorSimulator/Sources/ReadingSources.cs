namespace Tally.SensorSimulator.Sources;

/// <summary>The sources that there are, by the name that <c>--source</c> takes.</summary>
internal static class ReadingSources
{
    /// <summary>Their names.</summary>
    public static readonly IReadOnlyList<string> Names = ["synthetic"];

    /// <summary>Makes the source of that name.</summary>
    public static IReadingSource Make(string name, long seed) => name switch
    {
        "synthetic" => new SyntheticTemperature(seed),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"There is no such source; there is {string.Join(", ", Names)}."),
    };
}
