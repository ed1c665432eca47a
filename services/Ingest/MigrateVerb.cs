using System.Diagnostics;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary><c>Ingest migrate</c>: brings the database to this version's schema, and ends.</summary>
internal static class MigrateVerb
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Migrates; waits for a database that does not answer yet.</summary>
    /// <returns>Exit status: 0 done, 3 the database is away or refuses.</returns>
    public static async Task<int> RunAsync(string connectionString, IngestOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var said = false;
        while (true)
        {
            try
            {
                await Migrator.MigrateAsync(connectionString, logger, cancellationToken);
                return 0;
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error) && !cancellationToken.IsCancellationRequested)
            {
                var line = DatabaseErrors.Explain(error, connectionString);
                if (DatabaseErrors.Classify(error) != DatabaseErrorClass.Transient || Stopwatch.GetElapsedTime(started) >= options.DatabaseWait)
                {
                    logger.LogCritical("Not migrated: {Trouble}.", line);
                    return ExitStatus.Environment;
                }

                if (!said) logger.LogInformation("Waiting up to {Wait} for the database: {Trouble}.", options.DatabaseWait, line);
                said = true;
                await Task.Delay(Pause, cancellationToken);
            }
        }
    }
}
