using System.Threading.Channels;

namespace Tally.Ingest.Storing;

/// <summary>The batches that are filled and not committed yet, in the order of arrival.</summary>
internal sealed class FilledBatches
{
    private readonly Channel<PendingBatch> _batches = Channel.CreateUnbounded<PendingBatch>();

    /// <summary>For the receive loop.</summary>
    public ChannelWriter<PendingBatch> Writer => _batches.Writer;

    /// <summary>For the writer.</summary>
    public ChannelReader<PendingBatch> Reader => _batches.Reader;
}
