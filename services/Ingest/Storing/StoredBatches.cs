using System.Threading.Channels;

namespace Tally.Ingest.Storing;

/// <summary>The batches that are committed and not announced yet, in the order of arrival.</summary>
internal sealed class StoredBatches
{
    private readonly Channel<PendingBatch> _batches = Channel.CreateUnbounded<PendingBatch>();

    /// <summary>For the writer.</summary>
    public ChannelWriter<PendingBatch> Writer => _batches.Writer;

    /// <summary>For the announcer.</summary>
    public ChannelReader<PendingBatch> Reader => _batches.Reader;
}
