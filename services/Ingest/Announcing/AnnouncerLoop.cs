using System.Threading.Channels;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;

namespace Tally.Ingest.Announcing;

/// <summary>
/// Announces what is stored, and then acknowledges it. Notices go out as soon as their batch is stored, also while one of an
/// earlier batch is being tried again; PUBACKs keep the order of arrival (MQTT 5, 4.6), so those of a batch wait for the notices
/// of all batches before it. How far this may run ahead is bounded by the number of batches.
/// </summary>
internal sealed class AnnouncerLoop(
    StoredBatches stored, NoticeBuilder builder, NoticePublisher publisher, IngestClients clients, BatchPool pool, TelemetryHandler handler)
{
    private readonly Channel<Announced> _announced = Channel.CreateUnbounded<Announced>();

    /// <summary>Runs until nothing more comes.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var announcing = AnnounceAsync(cancellationToken);
        var acknowledging = AcknowledgeAsync();
        await await Task.WhenAny(announcing, acknowledging); // what fails is heard of at once
        await announcing;
        await acknowledging;
    }

    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var batch in stored.Reader.ReadAllAsync(cancellationToken))
            {
                builder.Build(batch);
                _announced.Writer.TryWrite(new Announced(batch, publisher.PublishAsync(batch.Notices, cancellationToken)));
            }
        }
        finally
        {
            _announced.Writer.Complete();
        }
    }

    private async Task AcknowledgeAsync()
    {
        await foreach (var (batch, settled) in _announced.Reader.ReadAllAsync())
        {
            await settled;
            batch.Traces.EndPublishing();
            clients.Delivery.Acknowledge(batch.Deliveries);
            pool.Return(batch);
            handler.OnBatchSettled();
        }
    }

    private readonly record struct Announced(PendingBatch Batch, Task Settled);
}
