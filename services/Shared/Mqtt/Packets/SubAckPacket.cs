using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>SUBACK and UNSUBACK (3.9, 3.11): a reason code for each filter, in the order asked.</summary>
internal readonly ref struct SubAckPacket
{
    public required ushort PacketId { get; init; }

    public required ReadOnlySpan<byte> Reasons { get; init; }

    public string? ReasonString { get; init; }

    public MqttUserProperties UserProperties { get; init; }

    public static SubAckPacket Decode(PacketType type, ReadOnlySpan<byte> body, scoped ref byte[] scratch)
    {
        var reader = new PacketReader(body);
        var packetId = reader.ReadPacketId();
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
}
