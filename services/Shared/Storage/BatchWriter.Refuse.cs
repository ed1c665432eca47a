using System.Data;
using Npgsql;

namespace Tally.Storage;

/// <summary>Finds the rows that PostgreSQL will never take.</summary>
public sealed partial class BatchWriter
{
    /// <summary>
    /// Writes halves of the batch, and halves of those halves, into a transaction that is rolled back in the end: a row that is refused
    /// alone is marked.
    /// </summary>
    /// <returns>Whether one was found; if not, the error came from something else than a row.</returns>
    private async Task<bool> TryRefuseAsync(Work work, CancellationToken cancellationToken)
    {
        try
        {
            return await BisectAsync(work.Batch, cancellationToken);
        }
        catch (Exception error) when (IsOurs(error) && !cancellationToken.IsCancellationRequested)
        {
            // What was marked stays marked; the next attempt meets the rest.
            await DisconnectAsync();
            await _outage.WaitAsync(error, source.ConnectionString, cancellationToken);
            return true;
        }
    }

    private async Task<bool> BisectAsync(ReadingBatch batch, CancellationToken cancellationToken)
    {
        const string Before = "before_range";
        var found = false;
        var connection = await ConnectAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await ExecuteAsync(connection, MakeStaging, cancellationToken);
        var ranges = new Stack<(int From, int To)>();
        ranges.Push((0, _rows.Count));
        while (ranges.TryPop(out var range))
        {
            if (range.From == range.To) continue;
            await transaction.SaveAsync(Before, cancellationToken);
            try
            {
                await CopyAsync(connection, CopyStaging, batch, range.From, range.To, cancellationToken);
                await ExecuteAsync(connection, Merge, cancellationToken);
                await ExecuteAsync(connection, "DELETE FROM pg_temp.staging", cancellationToken);
                await transaction.ReleaseAsync(Before, cancellationToken);
            }
            catch (PostgresException error) when (DatabaseErrors.Classify(error) == DatabaseErrorClass.Row)
            {
                await transaction.RollbackAsync(Before, cancellationToken);
                if (range.To - range.From == 1)
                {
                    batch.Readings[_rows[range.From]].Refused = $"PostgreSQL: {error.SqlState} {error.MessageText}";
                    found = true;
                    continue;
                }

                var middle = range.From + (range.To - range.From) / 2;
                ranges.Push((range.From, middle));
                ranges.Push((middle, range.To));
            }
        }

        await transaction.RollbackAsync(cancellationToken);
        return found;
    }
}
