using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>A message as a broker sends it, with every property that PUBLISH may have.</summary>
internal sealed record BrokerPublish
{
    public string Topic { get; init; } = "t";
    public byte[] Payload { get; init; } = [];
    public MqttQos Qos { get; init; }
    public ushort PacketId { get; init; } = 1;
    public bool Retain { get; init; }
    public bool Duplicate { get; init; }
    public bool PayloadIsText { get; init; }
    public uint? MessageExpiryInterval { get; init; }
    public string ContentType { get; init; } = "";
    public string ResponseTopic { get; init; } = "";
    public byte[] CorrelationData { get; init; } = [];
    public IReadOnlyList<uint> SubscriptionIdentifiers { get; init; } = [];

    /// <summary>0: none.</summary>
    public ushort TopicAlias { get; init; }
    public IReadOnlyList<(string Name, string Value)> UserProperties { get; init; } = [];

    /// <summary>User properties stand between the others instead of side by side.</summary>
    public bool Scattered { get; init; }
}

/// <summary>The broker's half of the codec, which only tests need.</summary>
internal static class BrokerPackets
{
    public static readonly byte[] PingResp = [0xD0, 0x00];

    public static byte[] Publish(BrokerPublish message)
    {
        var flags = (byte)((message.Duplicate ? 8 : 0) | ((int)message.Qos << 1) | (message.Retain ? 1 : 0));
        var packet = new PacketBuilder(PacketType.Publish, flags);
        packet.WriteString(message.Topic);
        if (message.Qos != MqttQos.AtMostOnce) packet.WriteUInt16(message.PacketId);
        var user = new Queue<(string, string)>(message.UserProperties);
        if (message.PayloadIsText) packet.Property(PropertyId.PayloadFormatIndicator, 1);
        Scatter(packet, user, message.Scattered);
        if (message.MessageExpiryInterval is { } expiry) packet.Property(PropertyId.MessageExpiryInterval, expiry);
        packet.Property(PropertyId.ContentType, message.ContentType.Length == 0 ? null : message.ContentType);
        Scatter(packet, user, message.Scattered);
        packet.Property(PropertyId.ResponseTopic, message.ResponseTopic.Length == 0 ? null : message.ResponseTopic);
        packet.Property(PropertyId.CorrelationData, message.CorrelationData);
        foreach (var identifier in message.SubscriptionIdentifiers)
        {
            packet.VariableProperty(PropertyId.SubscriptionIdentifier, (int)identifier);
            Scatter(packet, user, message.Scattered);
        }

        if (message.TopicAlias != 0) packet.Property(PropertyId.TopicAlias, message.TopicAlias);
        while (user.Count > 0) Scatter(packet, user, true);
        packet.WriteProperties();
        return Complete(packet, message.Payload);
    }

    public static byte[] Ack(PacketType type, ushort packetId, MqttReasonCode reason = MqttReasonCode.Success, string? reasonString = null, byte[]? user = null)
    {
        var packet = new PacketBuilder(type, (byte)(type == PacketType.PubRel ? 2 : 0));
        packet.WriteUInt16(packetId);
        packet.WriteByte((byte)reason);
        packet.Property(PropertyId.ReasonString, reasonString);
        packet.UserProperties(user);
        packet.WriteProperties();
        return Complete(packet);
    }

    public static byte[] PubAck(ushort packetId) => [0x40, 2, (byte)(packetId >> 8), (byte)packetId];

    public static byte[] SubAck(PacketType type, ushort packetId, byte[] reasons, string? reasonString = null, byte[]? user = null)
    {
        var packet = new PacketBuilder(type);
        packet.WriteUInt16(packetId);
        packet.Property(PropertyId.ReasonString, reasonString);
        packet.UserProperties(user);
        packet.WriteProperties();
        return Complete(packet, reasons);
    }

    public static byte[] ConnAck(ConnAckPacket connAck)
    {
        var packet = new PacketBuilder(PacketType.ConnAck);
        packet.WriteByte((byte)(connAck.SessionPresent ? 1 : 0));
        packet.WriteByte((byte)connAck.Reason);
        if (connAck.SessionExpiryInterval is { } expiry) packet.Property(PropertyId.SessionExpiryInterval, expiry);
        if (connAck.ReceiveMaximum != ushort.MaxValue) packet.Property(PropertyId.ReceiveMaximum, connAck.ReceiveMaximum);
        if (connAck.MaximumQos != MqttQos.ExactlyOnce) packet.Property(PropertyId.MaximumQos, (byte)connAck.MaximumQos);
        if (!connAck.RetainAvailable) packet.Property(PropertyId.RetainAvailable, 0);
        if (connAck.MaximumPacketSize is { } size) packet.Property(PropertyId.MaximumPacketSize, size);
        packet.Property(PropertyId.AssignedClientIdentifier, connAck.AssignedClientIdentifier);
        if (connAck.TopicAliasMaximum != 0) packet.Property(PropertyId.TopicAliasMaximum, connAck.TopicAliasMaximum);
        packet.Property(PropertyId.ReasonString, connAck.ReasonString);
        packet.UserProperties(connAck.UserProperties.Span);
        if (!connAck.WildcardSubscriptionAvailable) packet.Property(PropertyId.WildcardSubscriptionAvailable, 0);
        if (!connAck.SubscriptionIdentifiersAvailable) packet.Property(PropertyId.SubscriptionIdentifierAvailable, 0);
        if (!connAck.SharedSubscriptionAvailable) packet.Property(PropertyId.SharedSubscriptionAvailable, 0);
        if (connAck.ServerKeepAlive is { } keepAlive) packet.Property(PropertyId.ServerKeepAlive, keepAlive);
        packet.Property(PropertyId.ResponseInformation, connAck.ResponseInformation);
        packet.Property(PropertyId.ServerReference, connAck.ServerReference);
        packet.Property(PropertyId.AuthenticationMethod, connAck.AuthenticationMethod);
        packet.Property(PropertyId.AuthenticationData, connAck.AuthenticationData.Span);
        packet.WriteProperties();
        return Complete(packet);
    }

    public static byte[] Disconnect(DisconnectPacket disconnect)
    {
        var packet = new PacketBuilder(PacketType.Disconnect);
        packet.WriteByte((byte)disconnect.Reason);
        packet.Property(PropertyId.ReasonString, disconnect.ReasonString);
        packet.Property(PropertyId.ServerReference, disconnect.ServerReference);
        packet.UserProperties(disconnect.UserProperties.Span);
        packet.WriteProperties();
        return Complete(packet);
    }

    /// <summary>Packet identifier of an encoded PUBLISH of QoS 1 or 2.</summary>
    public static ushort PacketIdOf(byte[] publishBody) =>
        BinaryPrimitives.ReadUInt16BigEndian(publishBody.AsSpan(2 + BinaryPrimitives.ReadUInt16BigEndian(publishBody)));

    public static string TopicOf(byte[] publishBody) =>
        Encoding.UTF8.GetString(publishBody, 2, BinaryPrimitives.ReadUInt16BigEndian(publishBody));

    private static byte[] Complete(PacketBuilder packet, ReadOnlySpan<byte> tail = default)
    {
        foreach (var value in tail) packet.WriteByte(value);
        var bytes = new ArrayBufferWriter<byte>();
        packet.CompleteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static void Scatter(PacketBuilder packet, Queue<(string, string)> user, bool scattered)
    {
        if (scattered && user.TryDequeue(out var one)) packet.UserProperties(MqttUserProperties.Encode(one));
        while (!scattered && user.TryDequeue(out one)) packet.UserProperties(MqttUserProperties.Encode(one));
    }
}
