namespace Tally.Ingest.Receiving;

/// <summary>Remembers what each topic says, so that a message costs one look-up by its topic's bytes. For the receive loop only.</summary>
internal sealed class TopicCache(AckAddresses addresses)
{
    /// <summary>
    /// Topics kept, about 500 bytes each with their names: 10 MB of the 150 that the process may use. When there are more, all are
    /// forgotten and found again, which costs an allocation for each.
    /// </summary>
    private const int Capacity = 20_000;

    private readonly Dictionary<byte[], TopicSeries> _known = new(ByteKeys.Instance);

    /// <summary>What a topic says.</summary>
    /// <param name="topic">Topic, UTF-8.</param>
    /// <param name="problem">Why it names no series, or null.</param>
    /// <returns>Null when it names no series.</returns>
    public TopicSeries? Find(ReadOnlySpan<byte> topic, out string? problem)
    {
        problem = null;
        if (_known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(topic, out var known)) return known;

        problem = TopicNames.Split(topic, out var device, out var metric);
        if (problem is not null) return null;
        if (_known.Count == Capacity) _known.Clear();
        return _known[topic.ToArray()] = new TopicSeries(device.ToArray(), metric.ToArray(), addresses.OfDevice(device));
    }
}
