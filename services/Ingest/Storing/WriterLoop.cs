using System.Diagnostics;
using Tally.Ingest.Receiving;
using Tally.Storage;

namespace Tally.Ingest.Storing;

/// <summary>Commits one batch after the other, and hands each on to be announced.</summary>
internal sealed class WriterLoop(
    FilledBatches filled, StoredBatches stored, BatchWriter writer, StaleBatches stale, BatchPool pool, TelemetryHandler handler,
    StoredTotals totals, ILogger<WriterLoop> logger)
{
    private readonly Dictionary<Run, long> _owed = []; // received with batches that were thrown away

    /// <summary>Runs until nothing more comes.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            handler.OnWriterIdle();
            while (await filled.Reader.WaitToReadAsync(cancellationToken))
            {
                while (filled.Reader.TryRead(out var batch)) await WriteAsync(batch, cancellationToken);
                handler.OnWriterIdle();
            }
        }
        finally
        {
            stored.Writer.Complete();
        }
    }

    private async ValueTask WriteAsync(PendingBatch batch, CancellationToken cancellationToken)
    {
        if (await stale.IsStaleAsync(batch, cancellationToken))
        {
            Discard(batch);
            return;
        }

        foreach (var (run, count) in _owed) batch.Rows.Received[run] = batch.Rows.Received.GetValueOrDefault(run) + count;
        _owed.Clear();
        await StoreAsync(batch, cancellationToken);
        stored.Writer.TryWrite(batch); // unbounded: the pool bounds it
    }

    private async ValueTask StoreAsync(PendingBatch batch, CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        using (batch.Traces.BeginStoring(batch.MessageCount))
        {
            var result = await writer.WriteAsync(batch.Rows, cancellationToken);
            IngestTelemetry.CountStored(result.Stored);
            IngestTelemetry.Duplicates.Add(result.Duplicates);
            IngestTelemetry.Rejected.Add(batch.Rows.DeadLetters.Count + result.Refused);
            totals.Add(result, batch.Rows.DeadLetters.Count);
            batch.Traces.EndStoring(); // and with it what the span of the batch surrounds
        }

        IngestTelemetry.FlushTime.Record(Stopwatch.GetElapsedTime(begin).TotalSeconds);
        IngestTelemetry.BatchSize.Record(batch.MessageCount);
    }

    private void Discard(PendingBatch batch)
    {
        logger.LogWarning(
            "The process stood still for longer than its keep-alive: {Count} messages received before are not stored, the broker delivers them again.",
            batch.MessageCount);
        IngestTelemetry.DiscardedBatches.Add(1);
        batch.Traces.Discard();
        foreach (var (run, count) in batch.Rows.Received) _owed[run] = _owed.GetValueOrDefault(run) + count;
        pool.Return(batch);
        handler.OnBatchSettled();
    }
}
