using System.Buffers.Binary;
using System.Text;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>A message as a broker sends it.</summary>
internal sealed record BrokerPublish
{
    public string Topic { get; init; } = "t";
    public byte[] Payload { get; init; } = [];
    public MqttQos Qos { get; init; }
    public ushort PacketId { get; init; } = 1;
    public bool Duplicate { get; init; }
    public ushort TopicAlias { get; init; } // 0: none
}

/// <summary>CONNACK as a broker sends it; what has its default is left out.</summary>
internal sealed record BrokerConnAck
{
    public bool SessionPresent { get; init; }
    public MqttReasonCode Reason { get; init; }
    public uint SessionExpiryInterval { get; init; }
    public ushort ReceiveMaximum { get; init; }
    public MqttQos MaximumQos { get; init; } = MqttQos.ExactlyOnce;
    public bool RetainAvailable { get; init; } = true;
    public uint MaximumPacketSize { get; init; }
    public string? AssignedClientIdentifier { get; init; }
    public ushort TopicAliasMaximum { get; init; }
    public string? ReasonString { get; init; }
    public List<MqttUserProperty>? UserProperties { get; init; }
    public bool WildcardSubscriptionAvailable { get; init; } = true;
    public bool SubscriptionIdentifiersAvailable { get; init; } = true;
    public bool SharedSubscriptionAvailable { get; init; } = true;
    public ushort ServerKeepAlive { get; init; }
    public string? ResponseInformation { get; init; }
}

/// <summary>Packets of a broker of MQTT 5.</summary>
internal static class BrokerPackets
{
    public static readonly byte[] PingResp = [0xD0, 0x00];

    public static byte[] Encode(MqttPacket packet) =>
        new MqttPacketFormatterAdapter(MQTTnet.Formatter.MqttProtocolVersion.V500, new MqttBufferWriter(256, 65_535)).Encode(packet).ToArray();

    public static byte[] Publish(BrokerPublish message) => Encode(new MqttPublishPacket
    {
        Topic = message.Topic,
        PayloadSegment = message.Payload,
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)message.Qos,
        PacketIdentifier = message.Qos == MqttQos.AtMostOnce ? (ushort)0 : message.PacketId,
        Dup = message.Duplicate,
        TopicAlias = message.TopicAlias,
    });

    public static byte[] Ack(MqttControlPacketType type, ushort packetId, MqttReasonCode reason = MqttReasonCode.Success) =>
        [(byte)(((int)type << 4) | (type == MqttControlPacketType.PubRel ? 2 : 0)), 4, (byte)(packetId >> 8), (byte)packetId, (byte)reason, 0];

    public static byte[] PubAck(ushort packetId) => [0x40, 2, (byte)(packetId >> 8), (byte)packetId];

    public static byte[] SubAck(ushort packetId, byte[] reasons) =>
        Encode(new MqttSubAckPacket { PacketIdentifier = packetId, ReasonCodes = [.. reasons.Select(reason => (MqttSubscribeReasonCode)reason)] });

    public static byte[] ConnAck(BrokerConnAck connAck) => Encode(new MqttConnAckPacket
    {
        IsSessionPresent = connAck.SessionPresent,
        ReasonCode = (MqttConnectReasonCode)(byte)connAck.Reason,
        SessionExpiryInterval = connAck.SessionExpiryInterval,
        ReceiveMaximum = connAck.ReceiveMaximum,
        MaximumQoS = (MqttQualityOfServiceLevel)connAck.MaximumQos,
        RetainAvailable = connAck.RetainAvailable,
        MaximumPacketSize = connAck.MaximumPacketSize,
        AssignedClientIdentifier = connAck.AssignedClientIdentifier,
        TopicAliasMaximum = connAck.TopicAliasMaximum,
        ReasonString = connAck.ReasonString,
        UserProperties = connAck.UserProperties,
        WildcardSubscriptionAvailable = connAck.WildcardSubscriptionAvailable,
        SubscriptionIdentifiersAvailable = connAck.SubscriptionIdentifiersAvailable,
        SharedSubscriptionAvailable = connAck.SharedSubscriptionAvailable,
        ServerKeepAlive = connAck.ServerKeepAlive,
        ResponseInformation = connAck.ResponseInformation,
    });

    public static byte[] Disconnect(MqttReasonCode reason) => Encode(new MqttDisconnectPacket { ReasonCode = (MqttDisconnectReasonCode)(byte)reason });

    /// <summary>Packet identifier of an encoded PUBLISH of QoS 1 or 2.</summary>
    public static ushort PacketIdOf(byte[] publishBody) =>
        BinaryPrimitives.ReadUInt16BigEndian(publishBody.AsSpan(2 + BinaryPrimitives.ReadUInt16BigEndian(publishBody)));

    public static string TopicOf(byte[] publishBody) => Encoding.UTF8.GetString(publishBody, 2, BinaryPrimitives.ReadUInt16BigEndian(publishBody));
}
