using Npgsql;

namespace Tally.QueryApi.Database;

/// <summary>
/// Says in the log when the database goes and when it comes back, one line each, whether or not anybody asks for
/// anything. The service runs on in between; what needs the database is answered with 503.
/// </summary>
internal sealed class DatabaseWatch(DatabaseProbe probe, NpgsqlDataSource database, QueryApiOptions options, ILogger<DatabaseWatch> logger)
    : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.DatabaseCheckInterval);
        var builder = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var (where, last) = ($"{builder.Database} at {builder.Host}:{builder.Port}", "not looked yet");
        do
        {
            var problem = await probe.FindProblemAsync(stoppingToken);
            if (problem == last) continue;
            if (problem is null) logger.LogInformation("Database {Database} is there", where);
            else logger.LogWarning("Database {Database}: {Problem} Looking again every {Interval} s", where, problem, options.DatabaseCheckInterval.TotalSeconds);
            last = problem;
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
