using Tally.AppHost.Local;

namespace Tally.AppHost;

/// <summary>The one place that decides how the resources are started, and says why.</summary>
/// <param name="Mode">The way; <see cref="LaunchMode.Automatic"/>: none is possible.</param>
/// <param name="Reason">One line for the user.</param>
/// <param name="Status">Exit status when none is possible.</param>
internal sealed record LaunchChoice(LaunchMode Mode, string Reason, int Status = 0)
{
    /// <summary>Decides.</summary>
    /// <param name="options">What the command line asks for.</param>
    /// <param name="whyNotBuilt">Why this build has no Aspire; null when it has.</param>
    /// <param name="whyNotHereAsync">Why Aspire cannot start anything on this machine; null when it can. Asked only where the answer counts: it takes time.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    public static async Task<LaunchChoice> MakeAsync(
        RunOptions options, string? whyNotBuilt, Func<CancellationToken, Task<string?>> whyNotHereAsync, CancellationToken cancellationToken = default)
    {
        if (options.Mode == LaunchMode.Aspire)
        {
            if (OnlyLocal(options) is { } option) return Refused($"--aspire and {option} exclude each other: {option} is there in local mode only.", CommandLine.Usage);
            if (whyNotBuilt is not null) return Refused($"--aspire is not possible: {whyNotBuilt}", ExitStatus.Environment);
            return new(LaunchMode.Aspire, "Starting on Aspire, as asked for.");
        }

        if (options.Mode == LaunchMode.Local) return Local("--local says so");
        if (OnlyLocal(options) is { } local) return Local($"{local} is there in local mode only");
        if ((whyNotBuilt ?? await whyNotHereAsync(cancellationToken)) is { } reason) return Local(reason);
        return new(LaunchMode.Aspire, "Starting on Aspire: its packages are in this build and a container engine answers. --local starts without them.");

        LaunchChoice Local(string because) => options.Replicas == 1
            ? new(LaunchMode.Local, $"Starting locally: {because}.")
            : Refused($"--replicas is '{options.Replicas}', and local mode has one Ingest: {because}.", CommandLine.Usage);
    }

    // Aspire goes on until Ctrl-C, whatever a run in it comes to, and keeps its data in volumes of the container engine.
    private static string? OnlyLocal(RunOptions options) => options switch
    {
        { Exit: true } => "--exit",
        { Report: not null } => "--report",
        { Reset: true } => "--reset",
        { Data: not null } => "--data",
        { Dashboard: false } => "--no-dashboard",
        _ => null,
    };

    private static LaunchChoice Refused(string reason, int status) => new(LaunchMode.Automatic, reason, status);
}
