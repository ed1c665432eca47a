using System.Globalization;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Progress;

/// <summary>Progress on a console: a live bar on a terminal, plain lines elsewhere.</summary>
internal abstract class ConsoleProgress : IRunProgress, IDisposable
{
    /// <summary>What suits standard output.</summary>
    public static ConsoleProgress Make(TextWriter output) =>
        Console.IsOutputRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" ? new PlainProgress(output) : new LiveProgress(output, Columns);

    /// <inheritdoc/>
    public abstract void OnProgress(in RunSnapshot snapshot);

    /// <inheritdoc/>
    public abstract void OnNote(string line);

    /// <summary>The run is over: leaves the console as it should be.</summary>
    public abstract void Finish();

    /// <inheritdoc/>
    public void Dispose() => Finish();

    /// <summary>published, acknowledged, rate, time left</summary>
    protected static string Describe(in RunSnapshot snapshot) => string.Create(
        CultureInfo.InvariantCulture,
        $"published {snapshot.Published:N0}, acknowledged {snapshot.Acknowledged:N0} of {snapshot.Expected:N0}, {snapshot.Rate:N0}/s, {TimeLeft(snapshot)}");

    /// <summary>acknowledged, rate, time left: for a narrow terminal.</summary>
    protected static string DescribeShortly(in RunSnapshot snapshot) =>
        string.Create(CultureInfo.InvariantCulture, $"{snapshot.Acknowledged:N0}, {snapshot.Rate:N0}/s, {TimeLeft(snapshot)}");

    /// <summary>Width of the terminal; 80 where it does not say.</summary>
    private static int Columns() => Console.WindowWidth is > 0 and var width ? width : 80;

    private static string TimeLeft(in RunSnapshot snapshot) => snapshot switch
    {
        _ when snapshot.Acknowledged == snapshot.Expected => "done",
        { TimeLeft: null } => "waiting",
        { TimeLeft: { TotalSeconds: < 120 } left } => $"{left.TotalSeconds:0} s left",
        { TimeLeft: { TotalHours: < 2 } left } => $"{left.TotalMinutes:0} min left",
        _ => $"{snapshot.TimeLeft!.Value.TotalHours:0} h left",
    };
}
