using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tally.Storage.Model;

namespace Tally.Storage;

/// <summary>
/// Brings a database to this version's schema: <c>Ingest migrate</c>, for which the other services wait. The only writer that
/// loads EF Core.
/// </summary>
public static class Migrator
{
    /// <summary>Key of the advisory lock: "TallyMig" in ASCII, so that nobody else's lock is meant.</summary>
    private const long LockKey = 0x54616C6C794D6967;

    /// <summary>Where EF Core keeps what it has migrated.</summary>
    private const string HistoryTable = "\"__EFMigrationsHistory\"";

    /// <summary>
    /// Topics and texts are any Unicode; a database that cannot hold them is refused here and not by each such text later.
    /// </summary>
    private const string CheckEncoding =
        $"""
        DO $$ BEGIN
            IF current_setting('server_encoding') NOT IN ('UTF8', 'SQL_ASCII') THEN
                RAISE EXCEPTION 'the database''s encoding is %, which cannot hold every text', current_setting('server_encoding')
                USING ERRCODE = '{PostgresErrorCodes.UntranslatableCharacter}';
            END IF;
        END $$
        """;

    /// <summary>
    /// Applies what is missing and makes the partitions from yesterday to a week ahead. Safe to run twice, and at the same
    /// time from several places: the later ones wait for the first and then find nothing to do.
    /// </summary>
    /// <param name="connectionString">Npgsql connection string of an existing database, as a user who may create tables in it.</param>
    /// <param name="logger">Gets one line that says what was done.</param>
    /// <param name="cancellationToken">Stops waiting and migrating; a migration that was not complete is rolled back.</param>
    /// <exception cref="NpgsqlException">The database is away or refuses; <see cref="DatabaseErrors.Explain"/> makes one line of
    /// it.</exception>
    public static async Task MigrateAsync(string connectionString, ILogger logger, CancellationToken cancellationToken)
    {
        // Without a pool the connection ends with this method, and the lock with the connection, whatever happens in between.
        // No command time-out: waiting for another migration, or building an index, takes what it takes.
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            CommandTimeout = 0,
            ApplicationName = "tally-migrate",
        };
        await using var source = NpgsqlDataSource.Create(settings);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var @lock = new NpgsqlCommand($"SELECT pg_advisory_lock({LockKey})", connection))
        {
            await @lock.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var check = new NpgsqlCommand(CheckEncoding, connection))
        {
            await check.ExecuteNonQueryAsync(cancellationToken);
        }

        var missing = await FindMissingAsync(connection, cancellationToken);
        if (missing.Count > 0)
        {
            // Loading EF Core takes a second: only for what there is to do, since the other services wait.
            var options = new DbContextOptionsBuilder<TelemetryDbContext>().UseNpgsql(connection).Options;
            await using var context = new TelemetryDbContext(options);
            await context.Database.MigrateAsync(cancellationToken);
        }

        var made = await new PartitionKeeper(source, new PartitionOptions(), TimeProvider.System, logger).RunOnceAsync(cancellationToken);
        logger.LogInformation(
            "Database {Database} on {Host}: {Migrations}; {Partitions} partitions made.",
            settings.Database,
            settings.Host,
            missing.Count == 0 ? "nothing to migrate" : $"migrated {string.Join(", ", missing)}",
            made.Made);
    }

    /// <summary>Migrations of this version that EF Core's own table does not have.</summary>
    private static async Task<IReadOnlyList<string>> FindMissingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = typeof(Migrator).Assembly.GetTypes().Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id).OfType<string>().Order().ToList();
        await using var command = new NpgsqlCommand($"SELECT to_regclass('{HistoryTable}') IS NOT NULL", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not true) return known;
        command.CommandText = $"SELECT migration_id FROM {HistoryTable}";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) known.Remove(reader.GetString(0));
        return known;
    }
}
