using MQTTnet.Adapter;
using MQTTnet.Exceptions;

namespace Tally.Mqtt.Packets;

/// <summary>MQTTnet's decoder, and the checks of what it lets through. For one thread.</summary>
internal sealed class PacketDecoder(MqttProtocolVersion version)
{
    private readonly MqttPacketFormatterAdapter _formatter = new(PacketEncoder.VersionOf(version), new MqttBufferWriter(0, 0));

    /// <summary>Decodes a packet of which <see cref="PacketBuffer.TryTake"/> gave the parts. What comes out is a copy.</summary>
    /// <exception cref="MqttException">0x81 or 0x82.</exception>
    public MqttPacket Decode(byte first, ArraySegment<byte> body)
    {
        MqttPacket packet;
        try
        {
            packet = _formatter.Decode(new ReceivedMqttPacket(first, body, body.Count + 2)); // of the total length only 0 means something
        }
        catch (MqttProtocolViolationException error)
        {
            throw MqttException.Malformed(error.Message, error);
        }

        if (packet is MqttPublishPacket publish) Check(publish, body);
        else if (packet is MqttPacketWithIdentifier { PacketIdentifier: 0 }) throw MqttException.Protocol("packet identifier 0");
        else if (packet is MqttPingRespPacket && body.Count > 0) throw MqttException.Malformed("PINGRESP with a body");
        else if (packet is MqttConnAckPacket connAck) Complete(connAck, body);
        return packet;
    }

    /// <summary>Topic name of a PUBLISH where it lies.</summary>
    public static ReadOnlySpan<byte> TopicOf(ReadOnlySpan<byte> body) => body.Slice(2, (body[0] << 8) | body[1]);

    /// <summary>The reason codes of packets as one.</summary>
    /// <exception cref="MqttException">0x82: there is no such code.</exception>
    public static MqttReasonCode ReasonOf(int code) =>
        code == 0 || Enum.IsDefined((MqttReasonCode)code) ? (MqttReasonCode)code : throw MqttException.Protocol($"there is no reason code 0x{code:X2}");

    private static void Check(MqttPublishPacket publish, ReadOnlySpan<byte> body)
    {
        if (publish.QualityOfServiceLevel != MqttQualityOfServiceLevel.AtMostOnce && publish.PacketIdentifier == 0) throw MqttException.Protocol("packet identifier 0");
        var topic = TopicOf(body);
        if (topic.IsEmpty && publish.TopicAlias == 0) throw MqttException.Protocol("PUBLISH with neither topic name nor topic alias");
        if (!topic.IsEmpty && !Utf8.IsTopicName(topic)) throw MqttException.Malformed("the topic name of a PUBLISH holds a wildcard or is not UTF-8 without U+0000");
        if (publish.ResponseTopic is { } response && (!Utf8.IsTopicName(response) || IsReplaced(response, body)))
            throw MqttException.Malformed("the Response Topic is empty, holds a wildcard or is not UTF-8 without U+0000");
        if (publish.ContentType is { } type && (type.Contains('\0') || IsReplaced(type, body))) throw MqttException.Malformed("the Content Type is not UTF-8 without U+0000");
        for (var index = 0; index < publish.UserProperties?.Count; index++)
        {
            var name = publish.UserProperties[index].Name;
            var value = publish.UserProperties[index].ValueBuffer.Span;
            if (name.Contains('\0') || IsReplaced(name, body) || value.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(value))
                throw MqttException.Malformed("a user property is not UTF-8 without U+0000");
        }

        if (publish.SubscriptionIdentifiers?.Contains(0) == true) throw MqttException.Protocol("subscription identifier 0");
    }

    // MQTTnet puts U+FFFD where the bytes are not UTF-8; a sender may have sent it as well.
    private static bool IsReplaced(string text, ReadOnlySpan<byte> body) => text.Contains('\uFFFD') && body.IndexOf("\uFFFD"u8) < 0;

    private void Complete(MqttConnAckPacket connAck, ReadOnlySpan<byte> body)
    {
        if (body.Length < 2 || body[0] > 1) throw MqttException.Malformed("CONNACK with reserved acknowledge flags, or too short");
        var is311 = version == MqttProtocolVersion.V311;
        if (is311 ? body[1] > 5 : body[1] is > 0 and <= 5 && body.Length > 2) throw MqttException.Protocol($"CONNACK with return code {body[1]}");
        if (is311) connAck.RetainAvailable = connAck.WildcardSubscriptionAvailable = connAck.SharedSubscriptionAvailable = true;
        if (is311) connAck.MaximumQoS = MqttQualityOfServiceLevel.ExactlyOnce;

        // A broker that knows only MQTT 3.1.1 answers CONNECT of MQTT 5 with its own two bytes too (3.1.1, 3.2.2.3).
        connAck.ReasonCode = (MqttConnectReasonCode)(body[1] switch
        {
            1 => MqttReasonCode.UnsupportedProtocolVersion,
            2 => MqttReasonCode.ClientIdentifierNotValid,
            3 => MqttReasonCode.ServerUnavailable,
            4 => MqttReasonCode.BadUserNameOrPassword,
            5 => MqttReasonCode.NotAuthorized,
            var code => ReasonOf(code),
        });
        if (body[0] == 1 && connAck.ReasonCode != MqttConnectReasonCode.Success) throw MqttException.Protocol($"CONNACK refuses with 0x{body[1]:X2} and says that a session is present");
        if (connAck.ReceiveMaximum == 0) connAck.ReceiveMaximum = ushort.MaxValue;
    }
}
