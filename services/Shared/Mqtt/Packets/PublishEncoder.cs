using System.Buffers.Binary;

namespace Tally.Mqtt.Packets;

/// <summary>
/// Encodes PUBLISH (3.3), the packet there are many of: measured first, then written straight into its place. Always in the
/// form of MQTT 5 with its whole topic, which is what is kept for sending again; <see cref="PublishForm"/> makes others of it.
/// </summary>
internal readonly struct PublishEncoder
{
    private const byte DuplicateFlag = 0x08;

    private readonly int _remainingLength;
    private readonly int _propertyLength;

    /// <summary>Checks the message and measures it.</summary>
    /// <exception cref="MqttException">The topic is invalid, or something is too long for the protocol.</exception>
    public PublishEncoder(in MqttPublication publication)
    {
        Check(publication);
        _propertyLength = publication.UserProperties.Encoded.Length;
        if (publication.PayloadIsText) _propertyLength += 2;
        if (publication.MessageExpiryInterval is not null) _propertyLength += 5;
        if (!publication.ContentType.IsEmpty) _propertyLength += 3 + publication.ContentType.Length;
        if (!publication.ResponseTopic.IsEmpty) _propertyLength += 3 + publication.ResponseTopic.Length;
        if (!publication.CorrelationData.IsEmpty) _propertyLength += 3 + publication.CorrelationData.Length;
        var remaining = 2L + publication.Topic.Length + (publication.Qos == MqttQos.AtMostOnce ? 0 : 2) +
            VariableInteger.Length(_propertyLength) + _propertyLength + publication.Payload.Length;
        if (remaining > FixedHeader.MaximumRemainingLength) throw TooLong("message", remaining, FixedHeader.MaximumRemainingLength);
        _remainingLength = (int)remaining;
        PacketLength = 1 + VariableInteger.Length(_remainingLength) + _remainingLength;
    }

    /// <summary>Bytes of the whole packet.</summary>
    public int PacketLength { get; }

    /// <summary>Writes the packet, <see cref="PacketLength"/> bytes.</summary>
    public void Write(Span<byte> to, in MqttPublication publication, ushort packetId)
    {
        to[0] = (byte)(((int)PacketType.Publish << 4) | ((int)publication.Qos << 1) | (publication.Retain ? 1 : 0));
        var at = 1 + VariableInteger.Write(to[1..], _remainingLength);
        at += WriteBinary(to[at..], publication.Topic);
        if (publication.Qos != MqttQos.AtMostOnce)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to[at..], packetId);
            at += 2;
        }

        at += VariableInteger.Write(to[at..], _propertyLength);
        if (_propertyLength != 0)
        {
            if (publication.PayloadIsText)
            {
                to[at++] = (byte)PropertyId.PayloadFormatIndicator;
                to[at++] = 1;
            }

            if (publication.MessageExpiryInterval is { } expiry)
            {
                to[at++] = (byte)PropertyId.MessageExpiryInterval;
                BinaryPrimitives.WriteUInt32BigEndian(to[at..], expiry);
                at += 4;
            }

            at += WriteProperty(to[at..], PropertyId.ContentType, publication.ContentType);
            at += WriteProperty(to[at..], PropertyId.ResponseTopic, publication.ResponseTopic);
            at += WriteProperty(to[at..], PropertyId.CorrelationData, publication.CorrelationData);
            publication.UserProperties.Encoded.CopyTo(to[at..]);
            at += publication.UserProperties.Encoded.Length;
        }

        publication.Payload.CopyTo(to[at..]);
    }

    /// <summary>Puts another packet identifier into an encoded PUBLISH of QoS 1 or 2.</summary>
    public static void SetPacketId(Span<byte> packet, ushort packetId)
    {
        var at = 1;
        while (packet[at++] >= 0x80)
        {
            // Skips the Remaining Length.
        }

        at += 2 + BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[at..], packetId);
    }

    /// <summary>Says in an encoded PUBLISH that it may have been sent before (3.3.1.1).</summary>
    public static void SetDuplicate(Span<byte> packet) => packet[0] |= DuplicateFlag;

    private static int WriteBinary(Span<byte> to, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)value.Length);
        value.CopyTo(to[2..]);
        return 2 + value.Length;
    }

    private static int WriteProperty(Span<byte> to, PropertyId id, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return 0;
        to[0] = (byte)id;
        return 1 + WriteBinary(to[1..], value);
    }

    private static void Check(in MqttPublication publication)
    {
        if (!Utf8.IsTopicName(publication.Topic)) throw InvalidTopic("topic", publication.Topic);
        if (!publication.ResponseTopic.IsEmpty && !Utf8.IsTopicName(publication.ResponseTopic))
            throw InvalidTopic("Response Topic", publication.ResponseTopic);
        if (publication.ContentType.Length > ushort.MaxValue) throw TooLong("Content Type", publication.ContentType.Length, ushort.MaxValue);
        if (!Utf8.IsValid(publication.ContentType))
            throw new MqttException(MqttReasonCode.MalformedPacket, "The Content Type of a publication is not UTF-8 without U+0000.");
        if (publication.CorrelationData.Length > ushort.MaxValue)
            throw TooLong("Correlation Data", publication.CorrelationData.Length, ushort.MaxValue);
    }

    private static MqttException InvalidTopic(string what, ReadOnlySpan<byte> topic) => new(
        MqttReasonCode.TopicNameInvalid,
        $"The {what} '{System.Text.Encoding.UTF8.GetString(topic[..Math.Min(topic.Length, 100)])}' cannot be published to: " +
        "1 to 65,535 bytes of UTF-8 without '+', '#' and U+0000 are allowed.");

    private static MqttException TooLong(string what, long length, int maximum) =>
        new(MqttReasonCode.PacketTooLarge, $"The {what} has {length} bytes; at most {maximum} are allowed.");
}
