using Tally.AppHost.Running;

namespace Tally.Testing.Processes;

/// <summary>Signals that only tests send.</summary>
internal static class StandStill
{
    /// <summary>SIGSTOP: stand still. Linux and the BSDs (macOS) number it differently.</summary>
    public static Signal Stop { get; } = (Signal)(OperatingSystem.IsLinux() ? 19 : 17);

    /// <summary>SIGCONT: go on.</summary>
    public static Signal Continue { get; } = (Signal)(OperatingSystem.IsLinux() ? 18 : 19);
}
