using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Decodes packets the way the client does.</summary>
internal static class Decode
{
    public const int MaximumPacketSize = 1 << 20;

    /// <summary>Header and body of the one packet in <paramref name="bytes"/>.</summary>
    public static (FixedHeader Header, byte[] Body) Split(byte[] bytes)
    {
        if (!FixedHeader.TryRead(bytes, MaximumPacketSize, out var header)) throw new InvalidOperationException("not a whole header");
        if (header.PacketLength != bytes.Length) throw new InvalidOperationException($"{bytes.Length} bytes are not one packet of {header.PacketLength}");
        return (header, bytes[header.Length..]);
    }

    /// <summary>Decodes a body of any type and throws the result away.</summary>
    public static void Any(FixedHeader header, ReadOnlySpan<byte> body, ref byte[] scratch, MqttProtocolVersion version = MqttProtocolVersion.V500)
    {
        switch (header.Type)
        {
            case PacketType.ConnAck when version == MqttProtocolVersion.V311:
                ConnAckPacket.DecodeVersion311(body);
                break;
            case PacketType.Disconnect or PacketType.Auth when version == MqttProtocolVersion.V311:
                throw Violation.Protocol($"{header.Type} in MQTT 3.1.1");
            case PacketType.ConnAck:
                ConnAckPacket.Decode(body);
                break;
            case PacketType.Publish:
                var publish = PublishPacket.Decode(header.Flags, body, ref scratch, version);
                foreach (var pair in publish.UserProperties) _ = pair.Name.Length + pair.Value.Length;
                break;
            case PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp:
                AckPacket.Decode(header.Type, body, ref scratch, version);
                break;
            case PacketType.SubAck or PacketType.UnsubAck:
                SubAckPacket.Decode(header.Type, body, ref scratch, version);
                break;
            case PacketType.Disconnect:
                DisconnectPacket.Decode(body);
                break;
            case PacketType.Auth:
                AuthPacket.Decode(body);
                break;
            default:
                if (!body.IsEmpty) throw Violation.Malformed("a body where none belongs");
                break;
        }
    }

    /// <summary>Decodes everything in <paramref name="stream"/>; returns what it was refused with.</summary>
    public static MqttReasonCode? All(byte[] stream, MqttProtocolVersion version = MqttProtocolVersion.V500)
    {
        byte[] scratch = [];
        var rest = stream.AsSpan();
        try
        {
            while (FixedHeader.TryRead(rest, MaximumPacketSize, out var header) && header.PacketLength <= rest.Length)
            {
                Any(header, rest.Slice(header.Length, header.BodyLength), ref scratch, version);
                rest = rest[header.PacketLength..];
            }

            return null;
        }
        catch (MqttException refused)
        {
            return refused.Reason;
        }
    }
}
