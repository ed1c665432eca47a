using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Tally.Ingest.Storing;

/// <summary>The batches that are free. Their number is what bounds the memory for readings that are not acknowledged yet.</summary>
internal sealed class BatchPool
{
    private readonly Channel<PendingBatch> _free = Channel.CreateUnbounded<PendingBatch>();
    private readonly int _batchSize;
    private int _surplus;

    /// <summary>Makes the batches.</summary>
    public BatchPool(IngestOptions options)
    {
        _batchSize = options.BatchSize;
        for (var i = 0; i < options.Batches; i++) _free.Writer.TryWrite(new PendingBatch(_batchSize));
    }

    /// <summary>Takes a free batch, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out PendingBatch? batch) => _free.Reader.TryRead(out batch);

    /// <summary>Waits for a free batch.</summary>
    public ValueTask<PendingBatch> TakeAsync(CancellationToken cancellationToken) => _free.Reader.ReadAsync(cancellationToken);

    /// <summary>A batch more than there should be, for a new connection's messages while all others are on their way; it is given up afterwards.</summary>
    public PendingBatch TakeSurplus()
    {
        if (TryTake(out var batch)) return batch;
        Interlocked.Increment(ref _surplus);
        return new PendingBatch(_batchSize);
    }

    /// <summary>Gives a batch back, emptied.</summary>
    public void Return(PendingBatch batch)
    {
        batch.Clear();
        if (!GiveUpSurplus()) _free.Writer.TryWrite(batch);
    }

    private bool GiveUpSurplus()
    {
        for (var surplus = Volatile.Read(ref _surplus); surplus > 0; surplus = Volatile.Read(ref _surplus))
        {
            if (Interlocked.CompareExchange(ref _surplus, surplus - 1, surplus) == surplus) return true;
        }

        return false;
    }
}
