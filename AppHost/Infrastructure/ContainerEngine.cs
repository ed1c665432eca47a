using System.ComponentModel;
using System.Diagnostics;

namespace Tally.AppHost.Infrastructure;

/// <summary>The container engine of this machine.</summary>
internal static class ContainerEngine
{
    /// <summary>Docker, or what the setting says that Aspire obeys too.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") is { Length: > 0 } wanted ? wanted : "docker";

    /// <summary>Why it cannot be used; null when it answers.</summary>
    public static async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        try
        {
            // One that runs answers within a second; one that is started by its first question (socket activation) takes a few.
            using var process = Process.Start(new ProcessStartInfo("timeout", ["10", Program, "ps", "--quiet"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode switch { 0 => null, 127 => $"there is no container engine ({Program})", _ => $"{Program} is there, but no container engine answers it" };
        }
        catch (Win32Exception)
        {
            return "there is no timeout(1) to ask a container engine with";
        }
    }
}
