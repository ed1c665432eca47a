using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tally.AckResponder.Broker;

/// <summary>Degraded while there is something about the broker that an operator has to know; this service works on.</summary>
internal sealed class BrokerHealthCheck(BrokerSigns signs) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        signs.Lately() is { Count: > 0 } lines ? HealthCheckResult.Degraded(string.Join("; ", lines)) : HealthCheckResult.Healthy());
}
