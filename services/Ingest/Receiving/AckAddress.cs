namespace Tally.Ingest.Receiving;

/// <summary>Where a publisher wants its acknowledgements. The same topic is the same object, so that readings are grouped by reference.</summary>
internal sealed class AckAddress(byte[] topic)
{
    /// <summary>Topic, UTF-8.</summary>
    public ReadOnlyMemory<byte> Topic { get; } = topic;
}
