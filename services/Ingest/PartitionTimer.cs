using Npgsql;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Has partitions made ahead and dropped by retention, and dead letters too; several instances may do so (see <see cref="PartitionKeeper"/>).</summary>
internal sealed class PartitionTimer(
    PartitionKeeper keeper, PartitionOptions options, DeadLetterOptions letters, NpgsqlDataSource database, TimeProvider time, ILogger<PartitionTimer> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true) await Task.Delay(await RunOnceAsync(stoppingToken), time, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // between two changes, each of which is a transaction
        }
    }

    /// <returns>Time until it shall run again.</returns>
    private async Task<TimeSpan> RunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await keeper.RunOnceAsync(cancellationToken);
            var forgotten = await new DeadLetterQueries(database).ForgetAsync(letters, cancellationToken);
            if (forgotten > 0) logger.LogInformation("{Count} dead letters are thrown away, older or more than is kept (DeadLetters:KeepFor, DeadLetters:KeepBytes).", forgotten);
            return options.Interval;
        }
        catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !cancellationToken.IsCancellationRequested)
        {
            logger.LogWarning(
                "Partitions are looked after again in {Interval}: {Trouble}.", options.RetryInterval, DatabaseErrors.Explain(error, database.ConnectionString));
            return options.RetryInterval;
        }
    }
}
