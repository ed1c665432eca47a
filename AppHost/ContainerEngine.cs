using System.ComponentModel;
using System.Diagnostics;

namespace Tally.AppHost;

/// <summary>The container engine of this machine, Docker or Podman.</summary>
internal static class ContainerEngine
{
    // An engine that runs answers within a second; one that is being started by its first question (socket activation) takes a few.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Why none can be used; null when one answers.</summary>
    public static async Task<string?> WhyNotAsync(CancellationToken cancellationToken)
    {
        // The setting that Aspire obeys.
        var wanted = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME");
        var silent = new List<string>();
        foreach (var program in string.IsNullOrWhiteSpace(wanted) ? (string[])["docker", "podman"] : [wanted])
        {
            switch (await AnswersAsync(program, cancellationToken))
            {
                case true:
                    return null;
                case false:
                    silent.Add(program);
                    break;
            }
        }

        return silent.Count > 0 ? $"{string.Join(" and ", silent)} is there, but no container engine answers it" : $"there is no container engine ({wanted ?? "docker or podman"})";
    }

    // Null: the program is not there.
    private static async Task<bool?> AnswersAsync(string program, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, ["ps", "--quiet"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            try
            {
                await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return false;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
