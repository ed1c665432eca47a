using Npgsql;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Gets this life's number, however long the database is away.</summary>
internal sealed class LifeNumber(IngestLives lives, StorageOptions options, NpgsqlDataSource database, TimeProvider time, ILogger<LifeNumber> logger)
{
    /// <summary>A number that no other life has.</summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task<long> NextAsync(CancellationToken cancellationToken)
    {
        string? said = null;
        while (true)
        {
            try
            {
                var life = await lives.NextLifeAsync(cancellationToken);
                if (said is not null) logger.LogInformation("The database is there.");
                return life;
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !cancellationToken.IsCancellationRequested)
            {
                var line = DatabaseErrors.Explain(error, database.ConnectionString);
                if (line != said) logger.LogWarning("Not subscribed yet, trying again: {Trouble}.", line);
                said = line;
                await Task.Delay(options.LongestRetry / 5, time, cancellationToken);
            }
        }
    }
}
