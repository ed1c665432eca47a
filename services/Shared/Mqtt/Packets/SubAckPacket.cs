using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>SUBACK and UNSUBACK (3.9, 3.11): a reason code for each filter, in the order asked.</summary>
internal readonly ref struct SubAckPacket
{
    public required ushort PacketId { get; init; }

    public required ReadOnlySpan<byte> Reasons { get; init; }

    public string? ReasonString { get; init; }

    public MqttUserProperties UserProperties { get; init; }

    public static SubAckPacket Decode(
        PacketType type, ReadOnlySpan<byte> body, scoped ref byte[] scratch, MqttProtocolVersion version = MqttProtocolVersion.V500)
    {
        var reader = new PacketReader(body);
        var packetId = reader.ReadPacketId();
        if (version == MqttProtocolVersion.V311) return DecodeVersion311(type, packetId, reader);
        string? reasonString = null;
        var properties = new PropertyReader(ref reader, AllowedProperties.Reason);
        while (properties.TryNext(out _)) reasonString = Encoding.UTF8.GetString(properties.ReadString());
        if (reader.IsEmpty) throw Violation.Malformed($"{type} without a reason code");
        foreach (var reason in reader.Rest) ReasonCodes.Check(type, reason);
        return new SubAckPacket
        {
            PacketId = packetId,
            Reasons = reader.Rest,
            ReasonString = reasonString,
            UserProperties = properties.UserProperties(ref scratch),
        };
    }

    // In MQTT 3.1.1 SUBACK knows 0, 1, 2 and 0x80, which mean the same as here, and UNSUBACK has no codes at all.
    private static SubAckPacket DecodeVersion311(PacketType type, ushort packetId, PacketReader reader)
    {
        if (type == PacketType.UnsubAck) reader.ExpectEnd(type);
        else if (reader.IsEmpty) throw Violation.Malformed($"{type} without a return code");
        foreach (var code in reader.Rest)
        {
            if (code is not (<= 2 or 0x80)) throw Violation.Protocol($"{type} of MQTT 3.1.1 with return code 0x{code:X2}");
        }

        return new SubAckPacket { PacketId = packetId, Reasons = reader.Rest };
    }
}
