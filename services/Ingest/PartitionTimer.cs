using Npgsql;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Has partitions made ahead and dropped by retention; several instances may do so (see <see cref="PartitionKeeper"/>).</summary>
internal sealed class PartitionTimer(
    PartitionKeeper keeper, PartitionOptions options, NpgsqlDataSource database, TimeProvider time, ILogger<PartitionTimer> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        try
        {
            do
            {
                await RunOnceAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // between two changes, each of which is a transaction
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await keeper.RunOnceAsync(cancellationToken);
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning(
                "Partitions are looked after again in {Interval}: {Trouble}.", options.Interval, DatabaseErrors.Explain(error, database.ConnectionString));
        }
    }
}
