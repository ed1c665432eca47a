using System.Data;
using Npgsql;

namespace Tally.Storage;

/// <summary>One attempt: one transaction.</summary>
public sealed partial class BatchWriter
{
    private const string CopyStraight = $"COPY readings ({RowEncoder.Columns}) FROM STDIN (FORMAT BINARY)";
    private const string CopyStaging = $"COPY pg_temp.staging ({RowEncoder.Columns}) FROM STDIN (FORMAT BINARY)";

    private const string MakeStaging =
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS staging (
            series_id integer, at timestamptz, run_id integer, seq bigint, value double precision, marks smallint, raw_text text) ON COMMIT DELETE ROWS
        """;

    private const string Merge =
        $"""
        WITH stored AS (
            INSERT INTO readings ({RowEncoder.Columns})
            SELECT {RowEncoder.Columns} FROM pg_temp.staging ORDER BY series_id, at, run_id, seq
            ON CONFLICT DO NOTHING RETURNING run_id)
        SELECT run_id, count(*) FROM stored GROUP BY run_id
        """;

    /// <summary>After the merge, so what it differs from is what counts.</summary>
    private const string Conflicts =
        """
        SELECT series_id, at, run_id, seq, readings.value FROM pg_temp.staging JOIN readings USING (series_id, at, run_id, seq)
        WHERE readings.value IS DISTINCT FROM staging.value
        """;

    private async Task<BatchResult> AttemptAsync(Work work, CancellationToken cancellationToken)
    {
        var batch = work.Batch;
        work.Committing = false;
        var connection = await ConnectAsync(cancellationToken);
        await _names.ResolveAsync(connection, _epoch, batch, cancellationToken);
        _rows.Sort(batch);
        await _known.FindAsync(connection, batch, cancellationToken);
        Count(batch);

        // Whatever the server's default is: the merge has to see what others committed while it waited for them.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        if (work.Merge)
        {
            await MergeAsync(connection, batch, cancellationToken);
            if (await RefuseConflictsAsync(connection, batch, cancellationToken))
            {
                await transaction.RollbackAsync(cancellationToken);
                return await AttemptAsync(work, cancellationToken);
            }
        }
        else if (_rows.Count > 0)
        {
            await CopyAsync(connection, CopyStraight, batch, 0, _rows.Count, cancellationToken);
        }

        await DeadLetterCommand.ExecuteAsync(connection, batch, cancellationToken);
        await AnnouncementCommand.ExecuteAsync(connection, batch.Announcements, _names.Announced, cancellationToken);

        // An earlier attempt whose answer was lost did commit: all of it is there, counted, and this attempt must not count again.
        if (!await _progress!.ExecuteAsync(_counts, work.Mark, cancellationToken))
        {
            await transaction.RollbackAsync(cancellationToken);
            return work.Result;
        }

        work.Result = Total();
        work.Committing = true;
        await transaction.CommitAsync(cancellationToken);
        return work.Result;
    }

    private void Count(ReadingBatch batch)
    {
        _counts.Clear();
        foreach (var (run, readings) in batch.Received) _counts.Of(run).Received += readings;
        foreach (var letter in batch.DeadLetters) _counts.Of(letter.Run).Rejected++;
        _rows.Choose(batch, _counts);
    }

    private BatchResult Total()
    {
        long stored = 0, duplicates = 0;
        foreach (var run in _counts.Runs())
        {
            ref readonly var counts = ref _counts.Of(run);
            stored += counts.Stored;
            duplicates += counts.Duplicates;
        }

        return new BatchResult((int)stored, (int)duplicates, _rows.Refused);
    }

    private async Task MergeAsync(NpgsqlConnection connection, ReadingBatch batch, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, MakeStaging, cancellationToken);
        await CopyAsync(connection, CopyStaging, batch, 0, _rows.Count, cancellationToken);
        _counts.AllDuplicates();
        await using var merge = new NpgsqlCommand(Merge, connection);
        await using var reader = await merge.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) _counts.Stored(reader.GetInt32(0), reader.GetInt64(1));
    }

    /// <summary>Marks the rows whose identity and time the store has with another value: they are dead letters in the next attempt.</summary>
    /// <returns>Whether there was one.</returns>
    private static async Task<bool> RefuseConflictsAsync(NpgsqlConnection connection, ReadingBatch batch, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Conflicts, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return false;
        do
        {
            var at = (reader.GetDateTime(1) - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            Refuse(batch.Readings, reader.GetInt32(0), at, reader.GetInt32(2), reader.GetInt64(3), reader.GetDouble(4));
        }
        while (await reader.ReadAsync(cancellationToken));
        return true;
    }

    private static void Refuse(Span<Reading> readings, int series, long at, int run, long seq, double stored)
    {
        foreach (ref var reading in readings)
        {
            if (reading.Series.Id == series && reading.At == at && reading.Run.Id == run && reading.Seq == seq)
                reading.Refused ??= RowOrder.RefuseConflict(stored, reading.Value);
        }
    }

    /// <summary>
    /// Sends the rows from <paramref name="from"/> to before <paramref name="to"/>. The server checks them while it reads; its verdict
    /// comes at the end.
    /// </summary>
    private async Task CopyAsync(
        NpgsqlConnection connection, string statement, ReadingBatch batch, int from, int to, CancellationToken cancellationToken)
    {
        using var span = StorageTelemetry.StartCopy(connection, statement == CopyStaging ? "staging" : "readings", to - from);
        await using var copy = await connection.BeginRawBinaryCopyAsync(statement, cancellationToken);
        _encoder.Begin();
        while ((from = Encode(batch, from, to)) < to)
        {
            await copy.WriteAsync(_encoder.Encoded, cancellationToken);
            _encoder.Clear();
        }

        if (!_encoder.TryEnd())
        {
            await copy.WriteAsync(_encoder.Encoded, cancellationToken);
            _encoder.Clear();
            _encoder.TryEnd();
        }

        await copy.WriteAsync(_encoder.Encoded, cancellationToken);
    }

    /// <returns>The first row that did not fit any more.</returns>
    private int Encode(ReadingBatch batch, int from, int to)
    {
        var readings = batch.Readings;
        while (from < to && _encoder.TryAppend(readings[_rows[from]])) from++;
        return from;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
