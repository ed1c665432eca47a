using Npgsql;
using Tally.Storage;

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
        var last = "not looked yet";
        do
        {
            var problem = await probe.CheckAsync(stoppingToken);
            if (problem == last) continue;
            if (problem is null) logger.LogInformation("Database {Database} on {Host}:{Port} is there", builder.Database, builder.Host, builder.Port);
            else logger.LogWarning("Not ready: {Problem}; looking again every {Interval} s", problem, options.DatabaseCheckInterval.TotalSeconds);
            last = problem;
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
