namespace Tally.Storage;

/// <summary>Commits batches. Placeholder for the storage author.</summary>
public sealed class BatchWriter
{
    /// <summary>Commits a batch, however long the database is away; returns when it is on disk.</summary>
    /// <exception cref="OperationCanceledException">Stopped; nothing of the batch may be acknowledged.</exception>
    public ValueTask<BatchResult> WriteAsync(ReadingBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();
}
