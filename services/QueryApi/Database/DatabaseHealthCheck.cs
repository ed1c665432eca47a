using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Storage;

namespace Tally.QueryApi.Database;

/// <summary>Ready means: the database can be reached and has its schema.</summary>
internal sealed class DatabaseHealthCheck(DatabaseProbe probe) : IHealthCheck
{
    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await probe.CheckAsync(cancellationToken) is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();
}
