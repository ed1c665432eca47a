using Tally.Mqtt;

namespace Tally.Testing.Hostile;

// What only MQTT 5 knows: properties, reason codes, AUTH.
internal static partial class HostilePackets
{
    private static ReadOnlySpan<int> PublishProperties => [0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26];
    private static ReadOnlySpan<int> ReasonProperties => [0x1F, 0x26];
    private static ReadOnlySpan<int> AckTypes => [0x40, 0x50, 0x62, 0x70];

    /// <summary>Everything that is wrong in MQTT 5.</summary>
    public static IReadOnlyList<HostilePacket> Version5 { get; } =
    [
        .. Headers,
        .. Messages,
        .. Answered,
        new("no property length", Malformed, (to, _) =>
        {
            var begin = to.Begin(Publish);
            to.Text("t").End(begin);
        }),
        new("properties longer than the packet", Malformed, (to, dice) =>
        {
            var begin = to.Begin(Publish);
            var rest = dice.Below(20);
            to.Text("t").Variable(dice.Between(rest + 1, 268_435_455)).Random(dice, rest).End(begin);
        }),
        new("property length of five bytes", Malformed, (to, _) =>
        {
            var begin = to.Begin(Publish);
            to.Text("t").UInt32(0xFFFF_FFFF).Byte(1).End(begin);
        }),
        new("property length not in its shortest form", Malformed, (to, _) =>
        {
            var begin = to.Begin(Publish);
            to.Text("t").Byte(0x80).Byte(0).End(begin);
        }),
        new("unknown property", Malformed, (to, dice) => Properties(to, Publish, properties => properties.Byte(dice.One<int>([0, 4, 0x2B, 0x7F, 0x80, 0xFF])).Random(dice, 4))),
        new("property of another packet", Malformed, (to, dice) => Properties(to, Publish, properties =>
        {
            int id;
            do id = dice.Between(1, 0x2A); while (PublishProperties.Contains(id));
            properties.Byte(id).Random(dice, 4);
        })),
        new("property cut short", Malformed, (to, dice) => Properties(to, Publish, properties =>
            _ = dice.Below(4) switch
            {
                0 => properties.Byte(0x01),
                1 => properties.Byte(0x02).Random(dice, dice.Below(4)),
                2 => properties.Byte(0x03).UInt16(dice.Between(9, 65_535)).Raw("text/"u8),
                _ => properties.Byte(0x0B).Byte(0x80 | dice.Below(128)),
            })),
        new("property twice", Protocol, (to, dice) => Properties(to, Publish, properties =>
        {
            var which = dice.Below(4);
            for (var time = 0; time < 2; time++)
            {
                _ = which switch
                {
                    0 => properties.Byte(0x01).Byte(0),
                    1 => properties.Byte(0x02).UInt32(1),
                    2 => properties.Byte(0x03).Text("x"),
                    _ => properties.Byte(0x09).Text("x"),
                };
                if (time == 0 && dice.Percent(50)) properties.Byte(0x26).Text("a").Text("b");
            }
        })),
        new("payload format indicator above 1", Protocol, (to, dice) => Properties(to, Publish, properties => properties.Byte(0x01).Byte(dice.Between(2, 255)))),
        new("response topic with a wildcard", Malformed, (to, dice) => Properties(to, Publish, properties => properties.Byte(0x08).Text(dice.One<string>(["a/+", "#", "+/b"])))),
        new("empty response topic", Malformed, (to, _) => Properties(to, Publish, properties => properties.Byte(0x08).Text(""))),
        new("subscription identifier 0", Protocol, (to, _) => Properties(to, Publish, properties => properties.Byte(0x0B).Byte(0))),
        new("user property that is not UTF-8", Malformed, (to, dice) => Properties(to, Publish, properties =>
        {
            properties.Byte(0x26);
            if (dice.Percent(50)) properties.Text("a").Binary(NotUtf8(dice));
            else properties.Binary(NotUtf8(dice)).Text("b");
        })),
        new("user property without a value", Malformed, (to, _) => Properties(to, Publish, properties => properties.Byte(0x26).Text("a"))),
        new("topic alias where none was allowed", MqttReasonCode.TopicAliasInvalid, (to, dice) =>
            Properties(to, Publish, properties => properties.Byte(0x23).UInt16(dice.Percent(20) ? 0 : dice.PacketId()))),
        new("neither topic nor alias", Protocol, (to, dice) => Message(to, dice, dice.One<int>([Publish, PublishQos1]), [])),
        new("acknowledgement with a reason code of another packet", Protocol, (to, dice) =>
        {
            var begin = to.Begin(dice.One(AckTypes));
            to.UInt16(dice.PacketId()).Byte(dice.One<int>([0x01, 0x04, 0x7F, 0x8E, 0x9C, 0xFF])).End(begin);
        }),
        new("acknowledgement that goes on behind its properties", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One(AckTypes));
            to.UInt16(dice.PacketId()).Byte(0).Byte(0).Random(dice, dice.Between(1, 9)).End(begin);
        }),
        new("acknowledgement with a property of another packet", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One(AckTypes));
            to.UInt16(dice.PacketId()).Byte(0);
            var properties = to.Count;
            int id;
            do id = dice.Between(1, 0x2A); while (ReasonProperties.Contains(id));
            to.Byte(id).Random(dice, 4).End(properties).End(begin);
        }),
        new("SUBACK or UNSUBACK without a reason code", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([0x90, 0xB0]));
            to.UInt16(dice.PacketId()).Byte(0).End(begin);
        }),
        new("SUBACK or UNSUBACK with a reason code of another packet", Protocol, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([0x90, 0xB0]));
            to.UInt16(dice.PacketId()).Byte(0).Byte(0).Byte(dice.One<int>([0x03, 0x10, 0x7F, 0x8E, 0xFF])).End(begin);
        }),
        new("DISCONNECT with a reason code of clients", Protocol, (to, dice) =>
        {
            var begin = to.Begin(0xE0);
            to.Byte(dice.One<int>([0x01, 0x04, 0x10, 0x7F, 0xFF])).End(begin);
        }),
        new("DISCONNECT with a session expiry", Protocol, (to, dice) =>
        {
            var begin = to.Begin(0xE0);
            to.Byte(0);
            var properties = to.Count;
            to.Byte(0x11).UInt32((uint)dice.Next()).End(properties).End(begin);
        }),
    ];

    /// <summary>What is wrong with a first packet, CONNACK (3.2), in MQTT 5.</summary>
    public static IReadOnlyList<HostilePacket> ConnAcks { get; } =
    [
        new("reserved acknowledge flags", Malformed, (to, dice) => to.Byte(0x20).Byte(3).Byte(dice.Between(2, 255)).Byte(0).Byte(0)),
        new("no properties", Malformed, (to, _) => to.Byte(0x20).Byte(2).Byte(0).Byte(0)),
        new("refuses a present session", Protocol, (to, dice) => to.Byte(0x20).Byte(3).Byte(1).Byte(dice.One<int>([0x80, 0x87, 0x88, 0x9F])).Byte(0)),
        new("reason code of another packet", Protocol, (to, dice) => to.Byte(0x20).Byte(3).Byte(0).Byte(dice.One<int>([0x10, 0x7F, 0x8E, 0xFF])).Byte(0)),
        new("Receive Maximum 0", Protocol, (to, _) => ConnAck(to, properties => properties.Byte(0x21).UInt16(0))),
        new("Maximum QoS above 1", Protocol, (to, dice) => ConnAck(to, properties => properties.Byte(0x24).Byte(dice.Between(2, 255)))),
        new("Retain Available above 1", Protocol, (to, dice) => ConnAck(to, properties => properties.Byte(0x25).Byte(dice.Between(2, 255)))),
        new("Maximum Packet Size 0", Protocol, (to, _) => ConnAck(to, properties => properties.Byte(0x27).UInt32(0))),
        new("property of PUBLISH", Malformed, (to, dice) => ConnAck(to, properties => properties.Byte(dice.One<int>([0x01, 0x02, 0x03, 0x08, 0x0B, 0x23])).Random(dice, 4))),
        new("property twice", Protocol, (to, _) => ConnAck(to, properties => properties.Byte(0x13).UInt16(9).Byte(0x13).UInt16(9))),
        new("goes on behind its properties", Malformed, (to, dice) =>
        {
            var begin = to.Begin(0x20);
            to.Byte(0).Byte(0).Byte(0).Random(dice, dice.Between(1, 20)).End(begin);
        }),
    ];

    private static void ConnAck(PacketBytes to, Action<PacketBytes> write)
    {
        var begin = to.Begin(0x20);
        to.Byte(0).Byte(0);
        var properties = to.Count;
        write(to);
        to.End(properties).End(begin);
    }

    // A PUBLISH whose properties are what matters.
    private static void Properties(PacketBytes to, int first, Action<PacketBytes> write)
    {
        var begin = to.Begin(first);
        to.Text("telemetry/d/m");
        var properties = to.Count;
        write(to);
        to.End(properties).Byte('x').End(begin);
    }
}
