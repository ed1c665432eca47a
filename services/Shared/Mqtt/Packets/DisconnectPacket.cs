using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>DISCONNECT (3.14), in both directions.</summary>
internal sealed record DisconnectPacket
{
    public MqttReasonCode Reason { get; init; }

    public string? ReasonString { get; init; }

    public string? ServerReference { get; init; }

    /// <summary>Seconds; only a client may send it.</summary>
    public uint? SessionExpiryInterval { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    /// <summary>DISCONNECT of MQTT 3.1.1 (there 3.14): it says nothing.</summary>
    public static ReadOnlySpan<byte> Version311 => [0xE0, 0x00];

    public static DisconnectPacket Decode(ReadOnlySpan<byte> body)
    {
        var reader = new PacketReader(body);
        if (reader.IsEmpty) return new DisconnectPacket();
        var packet = new DisconnectPacket { Reason = ReasonCodes.Check(PacketType.Disconnect, reader.ReadByte()) };
        if (reader.IsEmpty) return packet;
        var properties = new PropertyReader(ref reader, AllowedProperties.Disconnect);
        while (properties.TryNext(out var id))
        {
            packet = id switch
            {
                PropertyId.ReasonString => packet with { ReasonString = properties.ReadText() },
                PropertyId.ServerReference => packet with { ServerReference = properties.ReadText() },
                _ => throw Violation.Protocol("DISCONNECT from a broker with a Session Expiry Interval"),
            };
        }

        reader.ExpectEnd(PacketType.Disconnect);
        byte[] scratch = [];
        return packet with { UserProperties = properties.UserProperties(ref scratch).Encoded.ToArray() };
    }

    public void Encode(IBufferWriter<byte> to)
    {
        var packet = new PacketBuilder(PacketType.Disconnect);
        if (SessionExpiryInterval is { } expiry) packet.Property(PropertyId.SessionExpiryInterval, expiry);
        packet.Property(PropertyId.ReasonString, ReasonString);
        packet.UserProperties(UserProperties.Span);
        packet.WriteByte((byte)Reason);
        packet.WriteProperties();
        packet.CompleteTo(to);
    }
}
