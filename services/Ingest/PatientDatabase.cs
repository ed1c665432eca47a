using Npgsql;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Asks the database what has to be known before anything is received, however long it is away.</summary>
internal sealed class PatientDatabase(StorageOptions options, NpgsqlDataSource database, TimeProvider time, ILogger<PatientDatabase> logger)
{
    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> question, CancellationToken cancellationToken)
    {
        string? said = null;
        while (true)
        {
            try
            {
                var answer = await question(cancellationToken);
                if (said is not null) logger.LogInformation("The database is there.");
                return answer;
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
