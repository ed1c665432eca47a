using System.Data;
using Npgsql;

namespace Tally.Storage.Queries;

/// <summary>
/// The exact ledger of a run, by identity, from one snapshot of the database. PostgreSQL sorts the run's rows and sends
/// only the edges between what is there and what is not; memory here does not grow with the run.
/// </summary>
/// <remarks>
/// Rows are found by their run alone, whatever time they claim: a row with a wrong time is a conflict that the ledger has to
/// see. The block range index on run_id keeps other runs' pages unread.
/// </remarks>
/// <param name="database">The store.</param>
/// <param name="timeout">How long one statement may take.</param>
public sealed class LedgerQueries(NpgsqlDataSource database, TimeSpan timeout)
{
    /// <summary>
    /// Read only and one snapshot for all statements. A million rows of series and seq sort in 64 MB with two workers; above
    /// that PostgreSQL sorts on disk. Compiling the query costs more than it saves.
    /// </summary>
    private const string Settings = "set transaction read only; set local work_mem = '64MB'; set local jit = off";

    private const string CountRows = "select count(*) from readings where run_id = $1";

    /// <summary>An identity has no unit, so series of one metric count as one. Differences, not seq + 1: a seq may be the largest there is.</summary>
    private const string Edges = """
        select seq, before,
               case when before is null then (select device from series where id = series_id) end,
               case when before is null then (select metric from series where id = series_id) end
        from (
            select metrics.first as series_id, seq, lag(seq) over series as before, lead(seq) over series as after
            from readings join (select id, min(id) over (partition by device, metric) as first from series) metrics on metrics.id = series_id
            where run_id = $1
            window series as (partition by metrics.first order by seq)) edges
        where (seq - before) is distinct from 1 or (after - seq) is distinct from 1
        order by series_id, seq
        """;

    /// <summary>One identity can have several dead letters, with different payloads.</summary>
    private const string RejectedIdentities = """
        select device, metric, min(seq), max(seq)
        from (
            select device, metric, seq, seq - row_number() over (partition by device, metric order by seq) as island
            from (select distinct device, metric, seq from dead_letters where run_id = $1 and device <> '' and seq > 0 and replayed_at is null) identities) islands
        group by device, metric, island
        order by device, metric, min(seq)
        """;

    private const string RejectedUnidentified =
        "select coalesce(sum(count), 0)::bigint from dead_letters where run_id = $1 and (device = '' or seq <= 0) and replayed_at is null";

    /// <summary>The ledger of a run; null when the store has not heard of it.</summary>
    /// <exception cref="OperationCanceledException">The caller has gone; the query is cancelled in the database too.</exception>
    public async Task<RunLedger?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using (var settings = Command(connection, Settings)) await settings.ExecuteNonQueryAsync(cancellationToken);

        var run = await RunQueries.FindAsync(connection, name, cancellationToken);
        if (run is null) return null;

        var tally = new LedgerTally(run);
        await ReadRejectedAsync(connection, run, tally, cancellationToken);
        var unidentified = await ReadCountAsync(connection, RejectedUnidentified, run, cancellationToken);
        var stored = await ReadCountAsync(connection, CountRows, run, cancellationToken);
        await ReadEdgesAsync(connection, run, tally, cancellationToken);
        tally.Complete();
        return LedgerVerdict.Of(run, tally, stored, unidentified);
    }

    private async Task ReadRejectedAsync(NpgsqlConnection connection, RunRecord run, LedgerTally tally, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, RejectedIdentities, run);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            tally.AddRejected(reader.GetString(0), reader.GetString(1), new(reader.GetInt64(2), reader.GetInt64(3)));
    }

    private async Task ReadEdgesAsync(NpgsqlConnection connection, RunRecord run, LedgerTally tally, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Edges, run);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var seq = reader.GetInt64(0);
            if (reader.IsDBNull(1)) tally.BeginSeries(reader.GetString(2), reader.GetString(3), seq);
            else tally.Add(seq, reader.GetInt64(1));
        }
    }

    private async Task<long> ReadCountAsync(NpgsqlConnection connection, string sql, RunRecord run, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql, run);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private NpgsqlCommand Command(NpgsqlConnection connection, string sql, RunRecord? run = null)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds) };
        if (run is not null) command.Parameters.Add(new() { Value = run.Id });
        return command;
    }
}
