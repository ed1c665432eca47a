using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>One filter of a SUBSCRIBE with its options (3.8.3.1).</summary>
internal readonly record struct SubscribeFilter(
    string Filter, MqttQos Qos, bool NoLocal = false, bool RetainAsPublished = false, MqttRetainHandling RetainHandling = MqttRetainHandling.Send);

/// <summary>SUBSCRIBE (3.8).</summary>
internal sealed record SubscribePacket
{
    /// <summary>5 or 3.1.1, whose SUBSCRIBE has no properties, and no option but the QoS.</summary>
    public MqttProtocolVersion Version { get; init; } = MqttProtocolVersion.V500;

    public required ushort PacketId { get; init; }

    public required IReadOnlyList<SubscribeFilter> Filters { get; init; }

    /// <summary>0: none.</summary>
    public int SubscriptionIdentifier { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public void Encode(IBufferWriter<byte> to)
    {
        var packet = new PacketBuilder(PacketType.Subscribe, 0x02);
        packet.WriteUInt16(PacketId);
        if (Version != MqttProtocolVersion.V311)
        {
            if (SubscriptionIdentifier != 0) packet.VariableProperty(PropertyId.SubscriptionIdentifier, SubscriptionIdentifier);
            packet.UserProperties(UserProperties.Span);
            packet.WriteProperties();
        }

        foreach (var filter in Filters)
        {
            packet.WriteString(filter.Filter);
            if (Version == MqttProtocolVersion.V311) packet.WriteByte((byte)filter.Qos);
            else packet.WriteByte((byte)(
                (int)filter.Qos | (filter.NoLocal ? 0x04 : 0) | (filter.RetainAsPublished ? 0x08 : 0) | ((int)filter.RetainHandling << 4)));
        }

        packet.CompleteTo(to);
    }
}

/// <summary>UNSUBSCRIBE (3.10).</summary>
internal sealed record UnsubscribePacket
{
    /// <summary>5 or 3.1.1, whose UNSUBSCRIBE has no properties.</summary>
    public MqttProtocolVersion Version { get; init; } = MqttProtocolVersion.V500;

    public required ushort PacketId { get; init; }

    public required IReadOnlyList<string> Filters { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public void Encode(IBufferWriter<byte> to)
    {
        var packet = new PacketBuilder(PacketType.Unsubscribe, 0x02);
        packet.WriteUInt16(PacketId);
        if (Version != MqttProtocolVersion.V311)
        {
            packet.UserProperties(UserProperties.Span);
            packet.WriteProperties();
        }

        foreach (var filter in Filters) packet.WriteString(filter);
        packet.CompleteTo(to);
    }
}
