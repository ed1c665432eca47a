namespace Tally.Testing.Hostile;

// What is wrong in MQTT 3.1.1 only, or otherwise than in 5.
internal static partial class HostilePackets
{
    /// <summary>Everything that is wrong in MQTT 3.1.1.</summary>
    public static IReadOnlyList<HostilePacket> Version311 { get; } =
    [
        .. Headers,
        .. Messages,
        .. Answered,
        new("empty topic", Protocol, (to, dice) => Message(to, dice, dice.One<int>([Publish, PublishQos1]), [])),
        new("acknowledgement of more than two bytes", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([.. AckTypes, 0xB0]));
            to.UInt16(dice.PacketId()).Random(dice, dice.Between(1, 9)).End(begin);
        }),
        new("SUBACK without a return code", Malformed, (to, dice) =>
        {
            var begin = to.Begin(0x90);
            to.UInt16(dice.PacketId()).End(begin);
        }),
        new("SUBACK with an unknown return code", Protocol, (to, dice) =>
        {
            var begin = to.Begin(0x90);
            to.UInt16(dice.PacketId()).Byte(0).Byte(dice.One<int>([0x03, 0x10, 0x7F, 0x81, 0x87, 0xFF])).End(begin);
        }),
        new("DISCONNECT of a broker", Protocol, (to, dice) => Body(to, dice, 0xE0)),
        new("AUTH", Protocol, (to, dice) => Body(to, dice, 0xF0)),
    ];

    /// <summary>What is wrong with a first packet, CONNACK (3.2), in MQTT 3.1.1.</summary>
    public static IReadOnlyList<HostilePacket> ConnAcks311 { get; } =
    [
        new("reserved acknowledge flags", Malformed, (to, dice) => to.Byte(0x20).Byte(2).Byte(dice.Between(2, 255)).Byte(0)),
        new("not two bytes", Malformed, (to, dice) =>
        {
            var begin = to.Begin(0x20);
            to.Random(dice, dice.One<int>([0, 1, 3, 20])).End(begin);
        }),
        new("unknown return code", Protocol, (to, dice) => to.Byte(0x20).Byte(2).Byte(0).Byte(dice.Between(6, 255))),
        new("refuses a present session", Protocol, (to, dice) => to.Byte(0x20).Byte(2).Byte(1).Byte(dice.Between(1, 5))),
    ];
}
