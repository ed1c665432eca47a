using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>AUTH (3.15), in both directions.</summary>
internal sealed record AuthPacket
{
    public MqttReasonCode Reason { get; init; }

    public string? AuthenticationMethod { get; init; }

    public ReadOnlyMemory<byte> AuthenticationData { get; init; }

    public string? ReasonString { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public static AuthPacket Decode(ReadOnlySpan<byte> body)
    {
        var reader = new PacketReader(body);
        if (reader.IsEmpty) return new AuthPacket();
        var packet = new AuthPacket { Reason = ReasonCodes.Check(PacketType.Auth, reader.ReadByte()) };
        var properties = new PropertyReader(ref reader, AllowedProperties.Auth);
        while (properties.TryNext(out var id))
        {
            packet = id switch
            {
                PropertyId.AuthenticationMethod => packet with { AuthenticationMethod = properties.ReadText() },
                PropertyId.AuthenticationData => packet with { AuthenticationData = properties.ReadBinary().ToArray() },
                _ => packet with { ReasonString = properties.ReadText() },
            };
        }

        reader.ExpectEnd(PacketType.Auth);
        if (packet.AuthenticationMethod is null) throw Violation.Protocol("AUTH without an authentication method");
        byte[] scratch = [];
        return packet with { UserProperties = properties.UserProperties(ref scratch).Encoded.ToArray() };
    }

    public void Encode(IBufferWriter<byte> to)
    {
        var packet = new PacketBuilder(PacketType.Auth);
        packet.Property(PropertyId.AuthenticationMethod, AuthenticationMethod);
        packet.Property(PropertyId.AuthenticationData, AuthenticationData.Span);
        packet.Property(PropertyId.ReasonString, ReasonString);
        packet.UserProperties(UserProperties.Span);
        packet.WriteByte((byte)Reason);
        packet.WriteProperties();
        packet.CompleteTo(to);
    }
}
