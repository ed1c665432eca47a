using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Ingest.Announcing;
using Tally.Ingest.Receiving;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Ready: both sessions stand, the database answers, and nothing received waits longer than it should.</summary>
internal sealed class IngestHealth(
    IngestClients clients, BatchWriter writer, DatabaseProbe database, NoticeTrouble notices, TelemetryHandler handler, IngestOptions options) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var trouble = Trouble() ?? await database.CheckAsync(cancellationToken);
        if (trouble is not null) return HealthCheckResult.Unhealthy(trouble);
        return writer.FullSource is { } full ? HealthCheckResult.Degraded($"new series become dead letters: {full}") : HealthCheckResult.Healthy();
    }

    private string? Trouble()
    {
        if (clients.Trouble is { } missing) return missing;
        if (writer.Health is { State: StorageState.Away or StorageState.NotReady } storage) return storage.Line;
        if (notices.Line is { } refused) return refused;
        return handler.OldestPending is { } oldest && oldest > options.StallTime
            ? $"messages received {oldest.TotalSeconds:F0} s ago are not acknowledged yet"
            : null;
    }
}
