namespace Tally.Benchmarks.Fuzz;

/// <summary>What a run of the verb <c>fuzz</c> found.</summary>
/// <param name="Seed">Repeats it.</param>
/// <param name="Packets">Hostile packets sent in all.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Classes">One for each kind of hostile input.</param>
/// <param name="Memory">Before, at most, after.</param>
/// <param name="UnobservedExceptions">Exceptions of tasks that nobody looked at.</param>
/// <param name="UnexpectedExceptions">Exceptions that hostile input must not be able to cause, thrown anywhere, by type.</param>
/// <param name="Passed">Nothing of all this did harm.</param>
internal sealed record FuzzFigures(
    ulong Seed, long Packets, double Seconds, IReadOnlyList<ClassFigures> Classes, MemoryFigures Memory, long UnobservedExceptions,
    IReadOnlyDictionary<string, long> UnexpectedExceptions, bool Passed);

/// <summary>One kind of hostile input.</summary>
/// <param name="Name">Of the class.</param>
/// <param name="Version">Of MQTT.</param>
/// <param name="Packets">Sent.</param>
/// <param name="Cases">Inputs or connections that they were sent in.</param>
/// <param name="Endings">How the cases ended.</param>
/// <param name="Defects">Cases that ended as they must not.</param>
/// <param name="FirstDefects">Some of them.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record ClassFigures(
    string Name, string Version, long Packets, long Cases, IReadOnlyDictionary<string, long> Endings, long Defects, IReadOnlyList<string> FirstDefects, double Seconds)
{
    public static ClassFigures Of(FuzzClass result) => new(
        result.Name,
        result.Version,
        result.Packets,
        result.Cases,
        result.Endings.OrderByDescending(ending => ending.Value).ToDictionary(ending => $"{ending.Key}", ending => ending.Value),
        result.Defects,
        result.FirstDefects,
        Math.Round(result.Time.TotalSeconds, 1));
}

/// <summary>Memory in MB.</summary>
internal sealed record MemoryFigures(double HeapBefore, double HeapPeak, double HeapAfter, double ResidentBefore, double ResidentPeak, double ResidentAfter)
{
    public static MemoryFigures Of(MemoryWatch watch) => new(
        Megabytes(watch.HeapBefore), Megabytes(watch.HeapPeak), Megabytes(watch.HeapAfter), Megabytes(watch.ResidentBefore), Megabytes(watch.ResidentPeak),
        Megabytes(watch.ResidentAfter));

    private static double Megabytes(long bytes) => Math.Round(bytes / 1e6, 1);
}
