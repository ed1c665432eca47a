using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Tally.Containers.Tests;

/// <summary>A server's container is ready when it answers a question.</summary>
internal sealed class Readiness(Func<Task<bool>> ask) : IWaitUntil
{
    // Seconds; a minute and a half on a machine that is busy with something else. Testcontainers' own limit is an hour.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until it says yes.</summary>
    public static IWaitForContainerOS Until(Func<Task<bool>> ask) => Wait.ForUnixContainer().AddCustomWaitStrategy(new Readiness(ask), Limit);

    /// <summary>Waits until the image's own health check says yes.</summary>
    public static IWaitForContainerOS UntilHealthy() => Wait.ForUnixContainer().UntilContainerIsHealthy(failingStreak: int.MaxValue, Limit);

    public Task<bool> UntilAsync(IContainer container) => ask();

    private static void Limit(IWaitStrategy strategy) => strategy.WithTimeout(Timeout).WithInterval(Pause);
}
