using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Tally.Storage;

/// <summary>What a run of <see cref="PartitionKeeper"/> did.</summary>
/// <param name="Made">Partitions made.</param>
/// <param name="Moved">Rows that moved into them from the default partition.</param>
/// <param name="Dropped">Partitions dropped because they were over retention.</param>
/// <param name="Deleted">Rows deleted from the default partition because they were over retention.</param>
public readonly record struct PartitionResult(int Made, long Moved, int Dropped, long Deleted);

/// <summary>
/// Makes the partitions of the days around today, and drops those over retention. Every change is a transaction of its own under an
/// advisory lock, so several instances may do it at once.
/// </summary>
/// <param name="source">The database.</param>
/// <param name="options">Which days, and for how long.</param>
/// <param name="time">Says which day it is.</param>
/// <param name="logger">Gets a line for what was done and for what has to wait.</param>
public sealed class PartitionKeeper(NpgsqlDataSource source, PartitionOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Key of the advisory lock: "TallyPar" in ASCII.</summary>
    private const long LockKey = 0x54616C6C79506172;

    private const string DefaultPartition = "readings_default";

    /// <summary>Brings the partitions to what the options ask for today.</summary>
    /// <exception cref="NpgsqlException">The database is away or refuses; nothing is half done, and the next run does the rest.</exception>
    public async Task<PartitionResult> RunOnceAsync(CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var known = await ListAsync(cancellationToken);
        int made = 0, dropped = 0;
        long moved = 0, deleted = 0;
        if (!known.Contains(DefaultPartition))
        {
            await ChangeAsync(DefaultPartition, MakeDefaultAsync, cancellationToken);
        }

        var (first, last) = (today.AddDays(-options.DaysBehind), today.AddDays(options.DaysAhead));
        for (var day = first; day <= last; day = day.AddDays(1))
        {
            var (name, bounds) = (NameOf(day), day);
            if (known.Contains(name)) continue;
            if (await ChangeAsync(name, (connection, ct) => MakeAsync(connection, bounds, ct), cancellationToken) is not { } rows) continue;
            made++;
            moved += rows;
        }

        if (made > 0 || await AnyStrayAsync(first, last, cancellationToken))
            moved += await ChangeAsync(DefaultPartition, (connection, ct) => SettleAsync(connection, first, last, ct), cancellationToken) ?? 0;

        if (options.RetentionDays is { } days)
        {
            var oldest = today.AddDays(-days);
            foreach (var name in known)
            {
                if (DayOf(name) is not { } day || day >= oldest) continue;
                if (await ChangeAsync(name, (connection, ct) => DropAsync(connection, name, ct), cancellationToken) is not null) dropped++;
            }

            deleted = await ChangeAsync(DefaultPartition, (connection, ct) => DeleteAsync(connection, oldest, ct), cancellationToken) ?? 0;
        }

        var result = new PartitionResult(made, moved, dropped, deleted);
        if (result != default)
        {
            logger.LogInformation(
                "Partitions: {Made} made, {Moved} rows moved into them, {Dropped} dropped, {Deleted} rows deleted.",
                made, moved, dropped, deleted);
        }

        return result;
    }

    private static string NameOf(DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"readings_{day:yyyyMMdd}");

    private static DateOnly? DayOf(string partition) =>
        partition.StartsWith("readings_", StringComparison.Ordinal)
        && DateOnly.TryParseExact(
            partition.AsSpan("readings_".Length), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : null;

    private async Task<HashSet<string>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "SELECT relname::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'readings'::regclass");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken)) names.Add(reader.GetString(0));
        return names;
    }

    /// <summary>Makes one change in a transaction that waits for locks only shortly, again and again.</summary>
    /// <returns>Rows that it touched; null: it was done by somebody else, or is left for the next run.</returns>
    private async Task<long?> ChangeAsync(
        string partition, Func<NpgsqlConnection, CancellationToken, Task<long?>> change, CancellationToken cancellationToken)
    {
        var patience = string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {options.LockTimeout.TotalMilliseconds:F0}");
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
                await ExecuteAsync(connection, patience, cancellationToken);
                var rows = await change(connection, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return rows;
            }
            catch (PostgresException error)
                when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
            {
                if (attempt == options.Attempts)
                {
                    logger.LogWarning(
                        "Partition {Partition} is left for later: others held its table {Attempts} times for longer than {Timeout}.",
                        partition, attempt, options.LockTimeout);
                    return null;
                }

                // At least as long as it waited: the writers behind it get their turn.
                await Task.Delay(options.LockTimeout * (1 + Random.Shared.NextDouble()), time, cancellationToken);
            }
        }
    }

    private static async Task<long?> MakeDefaultAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, $"CREATE TABLE IF NOT EXISTS {DefaultPartition} PARTITION OF readings DEFAULT", cancellationToken);
        return 0;
    }

    /// <summary>
    /// Made apart and attached: CREATE … PARTITION OF would take the strongest lock on all of readings, and fails where rows of that day
    /// lie in the default partition. ATTACH takes a weak one on readings, and a strong one on the default partition, which few writers
    /// touch. A writer that waits meanwhile with a row of that day is told 23514 and tries again (see <see cref="DatabaseErrors"/>).
    /// </summary>
    private static async Task<long?> MakeAsync(NpgsqlConnection connection, DateOnly day, CancellationToken cancellationToken)
    {
        var name = NameOf(day);
        if (await IsPartitionAsync(connection, name, cancellationToken)) return null;
        var from = string.Create(CultureInfo.InvariantCulture, $"'{day:yyyy-MM-dd} 00:00:00+00'");
        var to = string.Create(CultureInfo.InvariantCulture, $"'{day.AddDays(1):yyyy-MM-dd} 00:00:00+00'");
        await ExecuteAsync(
            connection,
            $"""
            CREATE TABLE {name} (LIKE readings INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE);
            LOCK TABLE ONLY readings IN SHARE UPDATE EXCLUSIVE MODE;
            LOCK TABLE {DefaultPartition} IN ACCESS EXCLUSIVE MODE;
            """,
            cancellationToken);
        var moved = await ExecuteAsync(
            connection,
            $"""
            WITH moved AS (DELETE FROM {DefaultPartition} WHERE {Within(day, day)} RETURNING *)
            INSERT INTO {name} SELECT * FROM moved
            """,
            cancellationToken);
        await ExecuteAsync(
            connection, $"ALTER TABLE readings ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})", cancellationToken);
        return moved;
    }

    /// <summary>
    /// PostgreSQL 15 can leave a writer's connection with the list of partitions from before an ATTACH that happened while it read that
    /// list (seen, under load, in one of ten tests): it goes on storing rows of that day in the default partition, where a query by time
    /// does not look for them, until something makes it read the list again. So it is made to, both tables being touched, and what went
    /// there meanwhile is moved.
    /// </summary>
    private static async Task<long?> SettleAsync(NpgsqlConnection connection, DateOnly first, DateOnly last, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            connection,
            $"""
            LOCK TABLE ONLY readings IN SHARE UPDATE EXCLUSIVE MODE;
            LOCK TABLE {DefaultPartition} IN ACCESS EXCLUSIVE MODE;
            ALTER TABLE ONLY readings ALTER COLUMN raw_text SET STATISTICS -1;
            ALTER TABLE {DefaultPartition} ALTER COLUMN raw_text SET STATISTICS -1;
            """,
            cancellationToken);
        return await ExecuteAsync(
            connection,
            $"WITH moved AS (DELETE FROM {DefaultPartition} WHERE {Within(first, last)} RETURNING *) INSERT INTO readings SELECT * FROM moved ON CONFLICT DO NOTHING",
            cancellationToken);
    }

    private async Task<bool> AnyStrayAsync(DateOnly first, DateOnly last, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"SELECT EXISTS (SELECT FROM {DefaultPartition} WHERE {Within(first, last)})");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string Within(DateOnly first, DateOnly last) =>
        string.Create(CultureInfo.InvariantCulture, $"at >= '{first:yyyy-MM-dd} 00:00:00+00' AND at < '{last.AddDays(1):yyyy-MM-dd} 00:00:00+00'");

    private static async Task<long?> DropAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        if (!await IsPartitionAsync(connection, name, cancellationToken)) return null;
        await ExecuteAsync(connection, $"DROP TABLE {name}", cancellationToken);
        return 0;
    }

    /// <summary>By the time of arrival: what lies here has a time far from its arrival, and would go at once or never.</summary>
    private static async Task<long?> DeleteAsync(NpgsqlConnection connection, DateOnly oldest, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            connection,
            string.Create(
                CultureInfo.InvariantCulture, $"DELETE FROM {DefaultPartition} WHERE received_at < '{oldest:yyyy-MM-dd} 00:00:00+00'"),
            cancellationToken);

    private static async Task<bool> IsPartitionAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT EXISTS (
                SELECT FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'readings'::regclass AND relname = $1)
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
