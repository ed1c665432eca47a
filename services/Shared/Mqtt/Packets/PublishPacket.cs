namespace Tally.Mqtt.Packets;

/// <summary>PUBLISH as it arrives (3.3). Looks into the packet's bytes.</summary>
internal readonly ref struct PublishPacket
{
    public required ReadOnlySpan<byte> Topic { get; init; }

    public required ReadOnlySpan<byte> Payload { get; init; }

    public required ReadOnlySpan<byte> ContentType { get; init; }

    public required ReadOnlySpan<byte> ResponseTopic { get; init; }

    public required ReadOnlySpan<byte> CorrelationData { get; init; }

    public required MqttUserProperties UserProperties { get; init; }

    /// <summary>0 at QoS 0.</summary>
    public required ushort PacketId { get; init; }

    public required MqttQos Qos { get; init; }

    public required bool Retain { get; init; }

    public required bool Duplicate { get; init; }

    /// <summary>The payload is said to be UTF-8 (3.3.2.3.2).</summary>
    public required bool PayloadIsText { get; init; }

    /// <summary>Seconds left (3.3.2.3.3); null: never expires.</summary>
    public required uint? MessageExpiryInterval { get; init; }

    /// <summary>Subscription identifiers (3.3.2.3.8).</summary>
    public required MqttSubscriptionIdentifiers SubscriptionIdentifiers { get; init; }

    /// <summary>Decodes one.</summary>
    /// <param name="flags">Low half of the first byte.</param>
    /// <param name="body">What follows the fixed header.</param>
    /// <param name="scratch">For user properties that stand apart.</param>
    /// <param name="version">Version of the connection; 3.1.1 has no properties.</param>
    /// <param name="aliases">The connection's topic aliases; null: none was allowed to the broker.</param>
    /// <exception cref="MqttException">0x81, 0x82, or 0x94 for a topic alias that was not allowed to the broker.</exception>
    public static PublishPacket Decode(
        byte flags, ReadOnlySpan<byte> body, scoped ref byte[] scratch, MqttProtocolVersion version = MqttProtocolVersion.V500,
        ReceivedTopicAliases? aliases = null)
    {
        var reader = new PacketReader(body);
        var qos = (MqttQos)((flags >> 1) & 3);
        var duplicate = (flags & 0x08) != 0;
        if (duplicate && qos == MqttQos.AtMostOnce) throw Violation.Malformed("PUBLISH with DUP at QoS 0");

        var topic = reader.ReadBinary();
        if (!Utf8.IsTopicName(topic)) CheckTopic(topic);
        var packetId = qos == MqttQos.AtMostOnce ? (ushort)0 : reader.ReadPacketId();

        ReadOnlySpan<byte> contentType = default, responseTopic = default, correlationData = default;
        var payloadIsText = false;
        uint? expiry = null;
        MqttSubscriptionIdentifiers subscriptions = default;
        MqttUserProperties userProperties = default;
        if (version == MqttProtocolVersion.V311)
        {
            // The payload begins here.
        }
        else if (!reader.IsEmpty && reader.Rest[0] == 0)
        {
            reader.ReadByte();
        }
        else
        {
            var properties = new PropertyReader(ref reader, AllowedProperties.Publish);
            while (properties.TryNext(out var id))
            {
                switch (id)
                {
                    case PropertyId.ContentType: contentType = properties.ReadString(); break;
                    case PropertyId.ResponseTopic: responseTopic = ReadResponseTopic(ref properties); break;
                    case PropertyId.CorrelationData: correlationData = properties.ReadBinary(); break;
                    case PropertyId.PayloadFormatIndicator: payloadIsText = properties.ReadFlag(id); break;
                    case PropertyId.MessageExpiryInterval: expiry = properties.ReadUInt32(); break;
                    case PropertyId.SubscriptionIdentifier: subscriptions = ReadSubscription(ref properties); break;
                    default: topic = (aliases ?? ReceivedTopicAliases.None).Resolve(properties.ReadUInt16(), topic); break;
                }
            }

            userProperties = properties.UserProperties(ref scratch);
        }

        if (topic.IsEmpty) throw Violation.Protocol("PUBLISH with neither topic name nor topic alias");
        return new PublishPacket
        {
            Topic = topic,
            Payload = reader.Rest,
            ContentType = contentType,
            ResponseTopic = responseTopic,
            CorrelationData = correlationData,
            UserProperties = userProperties,
            PacketId = packetId,
            Qos = qos,
            Retain = (flags & 0x01) != 0,
            Duplicate = duplicate,
            PayloadIsText = payloadIsText,
            MessageExpiryInterval = expiry,
            SubscriptionIdentifiers = subscriptions,
        };
    }

    /// <summary>An empty topic may still turn out to come with an alias; anything else wrong with it is malformed.</summary>
    private static void CheckTopic(ReadOnlySpan<byte> topic)
    {
        if (!topic.IsEmpty) throw Violation.Malformed("the topic name of a PUBLISH holds a wildcard or is not UTF-8 without U+0000");
    }

    private static ReadOnlySpan<byte> ReadResponseTopic(scoped ref PropertyReader properties)
    {
        var topic = properties.ReadBinary();
        if (!Utf8.IsTopicName(topic)) throw Violation.Malformed("the Response Topic is empty, holds a wildcard or is not UTF-8 without U+0000");
        return topic;
    }

    private static MqttSubscriptionIdentifiers ReadSubscription(scoped ref PropertyReader properties)
    {
        if (properties.ReadVariableInteger() == 0) throw Violation.Protocol("subscription identifier 0");
        return new MqttSubscriptionIdentifiers(properties.All);
    }
}
