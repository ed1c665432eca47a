using System.ComponentModel;
using System.Diagnostics;
using Tally.AppHost.Running;

namespace Tally.AppHost.Infrastructure;

/// <summary>Whether Mosquitto and PostgreSQL are containers or programs of this machine.</summary>
internal static class InfrastructureChoice
{
    // An engine that runs answers within a second; one that is started by its first question (socket activation) takes a few.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Decides, and says which and why.</summary>
    /// <param name="wanted"><c>containers</c>, <c>local</c>, or null: containers where an engine answers.</param>
    /// <param name="screen">Where it is said: the first line of a start.</param>
    /// <param name="cancellationToken">Ends the question to the engine.</param>
    /// <exception cref="EnvironmentException">Containers are asked for and no engine answers.</exception>
    public static async Task<bool> UsesContainersAsync(string? wanted, Screen screen, CancellationToken cancellationToken)
    {
        var whyNot = wanted == "local" ? "--infra local says so" : await WhyNoEngineAsync(cancellationToken);
        if (wanted == "containers" && whyNot is not null)
            throw new EnvironmentException($"--infra containers is not possible: {whyNot}. Start one, or use --infra local.");
        screen.Say(whyNot is null
            ? $"Broker and database are containers: {(wanted is null ? "a container engine answers (--infra local uses the programs of this machine)" : "--infra containers says so")}."
            : $"Broker and database are programs of this machine: {whyNot}.");
        return whyNot is null;
    }

    /// <summary>Why no container engine can be used; null when one answers.</summary>
    public static async Task<string?> WhyNoEngineAsync(CancellationToken cancellationToken)
    {
        // The setting that Aspire obeys too.
        var wanted = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME");
        var silent = new List<string>();
        foreach (var program in string.IsNullOrWhiteSpace(wanted) ? (string[])["docker", "podman"] : [wanted])
        {
            if (await AnswersAsync(program, cancellationToken) is not { } answers) continue;
            if (answers) return null;
            silent.Add(program);
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
