using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tally.AckResponder.Notices;

/// <summary>Ready: the session is subscribed, and no notice is stuck.</summary>
internal sealed class NoticeHealthCheck(NoticeSession session, AckResponderOptions options) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        !session.IsConnected ? HealthCheckResult.Unhealthy("no subscribed session at the broker")
        : session.OldestAge > options.StuckAfter ? HealthCheckResult.Unhealthy($"a notice has been in progress for {session.OldestAge.TotalSeconds:N0} s")
        : HealthCheckResult.Healthy());
}
