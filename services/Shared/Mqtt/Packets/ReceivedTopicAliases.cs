namespace Tally.Mqtt.Packets;

/// <summary>
/// Topic aliases of one connection, from the broker to us (3.3.2.3.4). As many as were told to the broker, each at most
/// as long as a topic can be; a place is bought only when its alias comes.
/// </summary>
internal sealed class ReceivedTopicAliases(ushort maximum)
{
    /// <summary>Where none was allowed to the broker.</summary>
    public static readonly ReceivedTopicAliases None = new(0);

    private readonly byte[]?[] _topics = new byte[maximum + 1][];

    /// <summary>The topic of a message that has an alias: a topic that came with it is remembered, an empty one looked up.</summary>
    /// <exception cref="MqttException">0x94: zero, or more than was allowed; 0x82: never given a topic.</exception>
    public ReadOnlySpan<byte> Resolve(ushort alias, ReadOnlySpan<byte> topic)
    {
        if (alias == 0 || alias > maximum)
        {
            throw new MqttException(
                MqttReasonCode.TopicAliasInvalid, $"PUBLISH with topic alias {alias}, where the Topic Alias Maximum told to the broker is {maximum}.");
        }

        var known = _topics[alias];
        if (topic.IsEmpty) return known ?? throw Violation.Protocol($"PUBLISH with topic alias {alias}, which was given no topic on this connection");
        if (!topic.SequenceEqual(known)) _topics[alias] = topic.ToArray();
        return topic;
    }
}
