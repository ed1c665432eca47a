using System.Data.Common;
using Npgsql;
using Tally.Contracts;

namespace Tally.Storage.Queries;

/// <summary>Runs and how far they are. Every query reads a handful of rows, whatever the size of the run.</summary>
public sealed class RunQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        select r.id, r.name, r.state, r.expected, r.published, r.devices, r.metric, r.unit, r.qos, r.source, r.start_at, r.step_microseconds,
               r.first_seen, r.finished_at, p.updated_at,
               coalesce(p.received, 0), coalesce(p.stored, 0), coalesce(p.duplicates, 0), coalesce(p.rejected, 0)
        from runs r
        left join lateral (
            select max(updated_at) as updated_at, sum(received)::bigint as received, sum(stored)::bigint as stored,
                   sum(duplicates)::bigint as duplicates, sum(rejected)::bigint as rejected
            from run_progress where run_id = r.id) p on true

        """;

    /// <summary>One run by its name; null when the store has not heard of it.</summary>
    public async Task<RunRecord?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Columns + "where r.name = $1");
        command.Parameters.Add(new() { Value = name });
        return await ReadOneAsync(command, cancellationToken);
    }

    /// <summary>
    /// The run in which something happened last; null in an empty store. The run of foreign readings never ends, so it
    /// is the current one only while there is no other.
    /// </summary>
    public async Task<RunRecord?> FindCurrentAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Columns + """
            where r.id in ((select run_id from run_progress where run_id <> 0 order by updated_at desc nulls last limit 1), (select max(id) from runs))
              and (r.id <> 0 or p.updated_at is not null)
            order by greatest(r.first_seen, p.updated_at) desc
            limit 1
            """);
        return await ReadOneAsync(command, cancellationToken);
    }

    /// <summary>Runs, the newest first. The run of foreign readings comes last, if anything was received in it.</summary>
    /// <param name="before">Only runs with a smaller key: the last one of the page before; null for the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<RunRecord>> ListAsync(int? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Columns + """
            where r.id < $1 and (r.id <> 0 or p.updated_at is not null)
            order by r.id desc
            limit $2
            """);
        command.Parameters.Add(new() { Value = before ?? int.MaxValue });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var runs = new List<RunRecord>(limit);
        while (await reader.ReadAsync(cancellationToken)) runs.Add(Read(reader));
        return runs;
    }

    /// <summary>One run by its name, inside a transaction that has been begun.</summary>
    internal static async Task<RunRecord?> FindAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Columns + "where r.name = $1", connection);
        command.Parameters.Add(new() { Value = name });
        return await ReadOneAsync(command, cancellationToken);
    }

    private static async Task<RunRecord?> ReadOneAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static RunRecord Read(DbDataReader reader) => new()
    {
        Id = reader.GetInt32(0),
        Name = reader.GetString(1),
        State = (RunState)reader.GetInt16(2),
        Expected = Nullable<long>(reader, 3),
        Published = Nullable<long>(reader, 4),
        Devices = Nullable<int>(reader, 5),
        Metric = reader.IsDBNull(6) ? null : reader.GetString(6),
        Unit = reader.IsDBNull(7) ? null : reader.GetString(7),
        Qos = Nullable<short>(reader, 8),
        Source = reader.IsDBNull(9) ? null : reader.GetString(9),
        StartAt = Nullable<DateTimeOffset>(reader, 10),
        StepMicroseconds = Nullable<long>(reader, 11),
        FirstSeen = reader.GetFieldValue<DateTimeOffset>(12),
        FinishedAt = Nullable<DateTimeOffset>(reader, 13),
        UpdatedAt = Nullable<DateTimeOffset>(reader, 14),
        Received = reader.GetInt64(15),
        Stored = reader.GetInt64(16),
        Duplicates = reader.GetInt64(17),
        Rejected = reader.GetInt64(18),
    };

    private static T? Nullable<T>(DbDataReader reader, int column)
        where T : struct => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);
}
