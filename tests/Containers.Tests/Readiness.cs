using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Tally.Containers.Tests;

/// <summary>When a container counts as started: a server when it answers a question, a service when its health check says so.</summary>
internal sealed class Readiness(Func<Task<bool>> ask) : IWaitUntil
{
    // Seconds; a minute and a half on a machine that is busy with something else. Testcontainers' own limit is an hour.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until it says yes.</summary>
    public static IWaitForContainerOS Until(Func<Task<bool>> ask) => Wait.ForUnixContainer().AddCustomWaitStrategy(new Readiness(ask), Limit);

    /// <summary>Waits until the image's own health check says yes.</summary>
    public static IWaitForContainerOS UntilHealthy() => Wait.ForUnixContainer().UntilContainerIsHealthy(failingStreak: int.MaxValue, Limit);

    /// <summary>Starts it, and waits as long as it was built to wait.</summary>
    /// <exception cref="TimeoutException">It does not get ready; with what it has written.</exception>
    public static async Task StartAsync(IContainer container, CancellationToken cancellationToken)
    {
        try
        {
            await container.StartAsync(cancellationToken);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{container.Image.FullName} does not get ready, and is {container.State}. It has written:\n{await LogsAsync(container, cancellationToken)}", error);
        }
    }

    /// <summary>What it has written, output before errors.</summary>
    public static async Task<string> LogsAsync(IContainer container, CancellationToken cancellationToken)
    {
        var (output, errors) = await container.GetLogsAsync(timestampsEnabled: false, ct: cancellationToken);
        return output + errors;
    }

    public Task<bool> UntilAsync(IContainer container) => ask();

    private static void Limit(IWaitStrategy strategy) => strategy.WithTimeout(Timeout).WithInterval(Pause);
}
