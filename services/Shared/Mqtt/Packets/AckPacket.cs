using System.Buffers.Binary;

namespace Tally.Mqtt.Packets;

/// <summary>PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7), which are alike.</summary>
internal readonly ref struct AckPacket
{
    /// <summary>Length of one without reason code and properties, which is how they go out.</summary>
    public const int ShortLength = 4;

    /// <summary>Length of one with a reason code and without properties (3.4.2.2.1), which MQTT 3.1.1 does not know.</summary>
    public const int ReasonLength = 5;

    public required ushort PacketId { get; init; }

    public required MqttReasonCode Reason { get; init; }

    /// <summary>For a person, UTF-8; empty when absent.</summary>
    public ReadOnlySpan<byte> ReasonString { get; init; }

    public MqttUserProperties UserProperties { get; init; }

    public static AckPacket Decode(
        PacketType type, ReadOnlySpan<byte> body, scoped ref byte[] scratch, MqttProtocolVersion version = MqttProtocolVersion.V500)
    {
        var reader = new PacketReader(body);
        var packetId = reader.ReadPacketId();
        if (version == MqttProtocolVersion.V311) reader.ExpectEnd(type);
        if (reader.IsEmpty) return new AckPacket { PacketId = packetId, Reason = MqttReasonCode.Success };
        var reason = ReasonCodes.Check(type, reader.ReadByte());
        if (reader.IsEmpty) return new AckPacket { PacketId = packetId, Reason = reason };

        ReadOnlySpan<byte> reasonString = default;
        var properties = new PropertyReader(ref reader, AllowedProperties.Reason);
        while (properties.TryNext(out _)) reasonString = properties.ReadString();
        reader.ExpectEnd(type);
        return new AckPacket
        {
            PacketId = packetId,
            Reason = reason,
            ReasonString = reasonString,
            UserProperties = properties.UserProperties(ref scratch),
        };
    }

    /// <summary>Writes the short form (3.4.2.1: reason code 0x00 and no properties may be left out).</summary>
    public static void WriteShort(Span<byte> to, PacketType type, ushort packetId)
    {
        to[0] = (byte)(((int)type << 4) | (type == PacketType.PubRel ? 0x02 : 0));
        to[1] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], packetId);
    }

    /// <summary>Writes the form with a reason code.</summary>
    public static void WriteReason(Span<byte> to, PacketType type, ushort packetId, MqttReasonCode reason)
    {
        WriteShort(to, type, packetId);
        to[1] = 3;
        to[4] = (byte)reason;
    }
}
