using Npgsql;

namespace Tally.Storage;

/// <summary>
/// Adds a batch's counts to <c>run_progress</c>, last in its transaction. Each row remembers the mark of the batch that counted last, so
/// the same batch, written again because the outcome of its commit was unknown, finds its own mark and counts nothing.
/// </summary>
internal sealed class ProgressCommand : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<int[]> _runs = new();
    private readonly NpgsqlParameter<long[]> _received = new();
    private readonly NpgsqlParameter<long[]> _stored = new();
    private readonly NpgsqlParameter<long[]> _duplicates = new();
    private readonly NpgsqlParameter<long[]> _rejected = new();
    private readonly NpgsqlParameter<long> _mark = new();

    public ProgressCommand(NpgsqlConnection connection, string instance)
    {
        _command = new NpgsqlCommand(
            """
            INSERT INTO run_progress AS known (run_id, received, stored, duplicates, rejected, instance, last_batch)
            SELECT run_id, received, stored, duplicates, rejected, $6, $7
            FROM unnest($1, $2, $3, $4, $5) AS added (run_id, received, stored, duplicates, rejected)
            ON CONFLICT (run_id, instance) DO UPDATE SET
                received = known.received + excluded.received,
                stored = known.stored + excluded.stored,
                duplicates = known.duplicates + excluded.duplicates,
                rejected = known.rejected + excluded.rejected,
                updated_at = clock_timestamp(),
                last_batch = excluded.last_batch
            WHERE known.last_batch <> excluded.last_batch
            """,
            connection);
        _command.Parameters.Add(_runs);
        _command.Parameters.Add(_received);
        _command.Parameters.Add(_stored);
        _command.Parameters.Add(_duplicates);
        _command.Parameters.Add(_rejected);
        _command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = instance });
        _command.Parameters.Add(_mark);
        Fill([], 0);
    }

    /// <summary>Has the server plan it once; it comes with every batch.</summary>
    public Task PrepareAsync(CancellationToken cancellationToken) => _command.PrepareAsync(cancellationToken);

    /// <summary>Adds the counts.</summary>
    /// <returns>False: this batch has been counted, so its transaction was committed before.</returns>
    public async Task<bool> ExecuteAsync(RunCounts counts, long mark, CancellationToken cancellationToken)
    {
        var runs = counts.Runs();
        Fill(runs, mark);
        for (var i = 0; i < runs.Length; i++)
        {
            ref readonly var run = ref counts.Of(runs[i]);
            _received.TypedValue![i] = run.Received;
            _stored.TypedValue![i] = run.Stored;
            _duplicates.TypedValue![i] = run.Duplicates;
            _rejected.TypedValue![i] = run.Rejected;
        }

        return await _command.ExecuteNonQueryAsync(cancellationToken) == runs.Length;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private void Fill(int[] runs, long mark)
    {
        _runs.TypedValue = runs;
        _received.TypedValue = new long[runs.Length];
        _stored.TypedValue = new long[runs.Length];
        _duplicates.TypedValue = new long[runs.Length];
        _rejected.TypedValue = new long[runs.Length];
        _mark.TypedValue = mark;
    }
}
