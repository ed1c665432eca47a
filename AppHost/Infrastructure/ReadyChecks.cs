using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tally.AppHost.Infrastructure;

/// <summary>Health checks that do not make a start longer: Aspire looks again only after a second or more, so one check looks often for as long as a start may take.</summary>
internal static class ReadyChecks
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50), Patience = TimeSpan.FromSeconds(15);

    /// <summary>The resource is healthy when nothing is missing (null).</summary>
    public static IResourceBuilder<T> WithReadyCheck<T>(this IResourceBuilder<T> builder, Func<CancellationToken, Task<string?>> whatIsMissingAsync) where T : IResource
    {
        var key = $"{builder.Resource.Name}-ready";
        builder.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(key, async cancellationToken =>
        {
            for (var end = DateTime.UtcNow + Patience; ; await Task.Delay(Pause, cancellationToken))
            {
                if (await whatIsMissingAsync(cancellationToken) is not { } missing) return HealthCheckResult.Healthy();
                if (DateTime.UtcNow > end) return HealthCheckResult.Unhealthy(missing);
            }
        });
        return builder.WithHealthCheck(key);
    }
}
