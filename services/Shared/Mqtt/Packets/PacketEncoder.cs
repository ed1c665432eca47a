using MQTTnet.Exceptions;

namespace Tally.Mqtt.Packets;

/// <summary>MQTTnet's encoder for one connection. The packets there are many of are used again, so only little is allocated. Used under the client's lock.</summary>
internal sealed class PacketEncoder(MqttProtocolVersion version)
{
    private const int InitialSize = 4096, LargestKept = 65_535; // enough for every packet but those with large properties; payloads are not copied
    private const byte DuplicateFlag = 0x08;

    private readonly MqttPacketFormatterAdapter _formatter = new(VersionOf(version), new MqttBufferWriter(InitialSize, LargestKept));
    private readonly MqttPublishPacket _publish = new();
    private readonly MqttPubAckPacket _pubAck = new();
    private readonly MqttPubRecPacket _pubRec = new();
    private readonly MqttPubRelPacket _pubRel = new();
    private readonly MqttPubCompPacket _pubComp = new();

    /// <summary>MQTTnet's name of a version.</summary>
    public static MQTTnet.Formatter.MqttProtocolVersion VersionOf(MqttProtocolVersion version) =>
        version == MqttProtocolVersion.V311 ? MQTTnet.Formatter.MqttProtocolVersion.V311 : MQTTnet.Formatter.MqttProtocolVersion.V500;

    /// <summary>Encodes a packet; valid until the next one.</summary>
    /// <exception cref="MqttException">Something in it is too long for the protocol.</exception>
    public MqttPacketBuffer Encode(MqttPacket packet)
    {
        try
        {
            _formatter.Cleanup();
            return _formatter.Encode(packet);
        }
        catch (MqttProtocolViolationException error)
        {
            throw new MqttException(MqttReasonCode.PacketTooLarge, $"The message cannot be encoded: {error.Message}", error);
        }
    }

    /// <summary>Encodes a PUBLISH that <see cref="Check"/> has looked at, with a topic alias (3.3.2.3.4) if that is not 0, and instead of the topic if the broker has heard of it on this connection.</summary>
    public MqttPacketBuffer Encode(in MqttPublication publication, ushort packetId, ushort alias = 0, bool isKnown = false)
    {
        _publish.Topic = isKnown ? "" : publication.Topic;
        _publish.TopicAlias = alias;
        _publish.Payload = new ReadOnlySequence<byte>(publication.Payload);
        _publish.ContentType = publication.ContentType;
        _publish.ResponseTopic = publication.ResponseTopic;
        _publish.CorrelationData = publication.CorrelationData;
        _publish.UserProperties = publication.UserProperties;
        _publish.MessageExpiryInterval = publication.MessageExpiryInterval;
        _publish.PayloadFormatIndicator = publication.PayloadIsText ? MqttPayloadFormatIndicator.CharacterData : MqttPayloadFormatIndicator.Unspecified;
        _publish.QualityOfServiceLevel = (MqttQualityOfServiceLevel)publication.Qos;
        _publish.Retain = publication.Retain;
        _publish.PacketIdentifier = packetId;
        return Encode(_publish);
    }

    /// <summary>Encodes PUBACK, PUBREC, PUBREL or PUBCOMP (3.4 to 3.7). MQTT 3.1.1 knows no reasons.</summary>
    public MqttPacketBuffer Encode(MqttControlPacketType type, ushort packetId, MqttReasonCode reason = MqttReasonCode.Success)
    {
        (_pubRel.ReasonCode, _pubComp.ReasonCode) = ((MqttPubRelReasonCode)reason, (MqttPubCompReasonCode)reason);
        MqttPacketWithIdentifier packet = type switch { MqttControlPacketType.PubAck => _pubAck, MqttControlPacketType.PubRec => _pubRec, MqttControlPacketType.PubRel => _pubRel, _ => _pubComp };
        packet.PacketIdentifier = packetId;
        return Encode(packet);
    }

    /// <summary>DISCONNECT (3.14), with a Session Expiry Interval in seconds; null: as it was. MQTT 3.1.1 knows only an orderly one, without the will (3.1.1, 3.14).</summary>
    public MqttPacketBuffer? Farewell(MqttReasonCode? reason, uint? sessionExpiry)
    {
        if (reason is null || (version == MqttProtocolVersion.V311 && reason != MqttReasonCode.Success)) return null;

        // MQTTnet leaves an interval of 0 out, as in CONNECT; here that would mean: as it was.
        if (sessionExpiry == 0 && version != MqttProtocolVersion.V311) return new MqttPacketBuffer(new byte[] { 0xE0, 7, (byte)reason, 5, 0x11, 0, 0, 0, 0 });
        return Encode(new MqttDisconnectPacket { ReasonCode = (MqttDisconnectReasonCode)(byte)reason, SessionExpiryInterval = sessionExpiry ?? 0 });
    }

    /// <summary>What was encoded before, in the form of this version, and marked as perhaps sent before (3.3.1.1).</summary>
    public MqttPacketBuffer Again(byte[] packet, int length, MqttProtocolVersion encodedAs)
    {
        packet[0] |= DuplicateFlag;
        if (encodedAs == version) return new MqttPacketBuffer(new ArraySegment<byte>(packet, 0, length));
        var at = 2;
        while (packet[at - 1] >= 0x80) at++; // the Remaining Length
        return Encode(new PacketDecoder(encodedAs).Decode(packet[0], new ArraySegment<byte>(packet, at, length - at)));
    }

    /// <exception cref="MqttException">The message can never be sent: names what is wrong with it.</exception>
    public static void Check(in MqttPublication publication)
    {
        if (publication.Qos > MqttQos.ExactlyOnce) throw new MqttException(MqttReasonCode.QosNotSupported, $"There is QoS 0, 1 and 2; {(byte)publication.Qos} was asked for.");
        CheckTopic("topic", publication.Topic);
        if (publication.ResponseTopic is { } topic) CheckTopic("Response Topic", topic);
        if (!Utf8.IsText(publication.ContentType)) throw new MqttException(MqttReasonCode.MalformedPacket, "The Content Type of a publication is not at most 65,535 bytes of UTF-8 without U+0000.");
        if (publication.CorrelationData is { Length: > ushort.MaxValue and var length }) throw new MqttException(MqttReasonCode.PacketTooLarge, $"The Correlation Data has {length} bytes; at most 65535 are allowed.");
    }

    private static void CheckTopic(string what, string topic)
    {
        if (!Utf8.IsTopicName(topic))
            throw new MqttException(MqttReasonCode.TopicNameInvalid, $"The {what} '{topic?[..Math.Min(topic.Length, 100)]}' cannot be published to: 1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000 are allowed.");
    }
}
