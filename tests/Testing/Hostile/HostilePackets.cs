using Tally.Mqtt;

namespace Tally.Testing.Hostile;

/// <summary>One thing that a packet from a broker can have wrong, whatever came before it.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Reason">The reason code that it has to end with (2.4, 4.13).</param>
/// <param name="Write">Writes one such packet; what does not matter is random.</param>
internal sealed record HostilePacket(string Name, MqttReasonCode Reason, Action<PacketBytes, Dice> Write)
{
    public override string ToString() => Name;
}

/// <summary>All of them: framing is valid unless it is the framing that is wrong.</summary>
internal static partial class HostilePackets
{
    /// <summary>What the client under test tells the broker as its Maximum Packet Size.</summary>
    public const int MaximumPacketSize = 1 << 20;

    private const MqttReasonCode Malformed = MqttReasonCode.MalformedPacket;
    private const MqttReasonCode Protocol = MqttReasonCode.ProtocolError;
    private const int Publish = 0x30;
    private const int PublishQos1 = 0x32;

    // Types that a broker may send, with their right flags, without PUBLISH.
    private static ReadOnlySpan<int> Answers => [0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xE0, 0xF0];

    /// <summary>In the fixed header, which is the same in both versions (2.1).</summary>
    private static IReadOnlyList<HostilePacket> Headers =>
    [
        new("packet type 0", Malformed, (to, dice) => Body(to, dice, dice.Below(16))),
        new("packet of a client", Protocol, (to, dice) => Body(to, dice, dice.One<int>([0x10, 0x82, 0xA2, 0xC0]))),
        new("reserved flags", Malformed, (to, dice) =>
        {
            var first = dice.One(Answers);
            Body(to, dice, (first & 0xF0) | ((first + dice.Between(1, 15)) & 0x0F));
        }),
        new("QoS 3", Malformed, (to, dice) => Body(to, dice, 0x36 | dice.One<int>([0, 1, 8, 9]))),
        new("Remaining Length of five bytes", Malformed, (to, dice) =>
        {
            to.Byte(dice.One<int>([Publish, .. Answers]));
            for (var digit = 0; digit < 4; digit++) to.Byte(dice.Between(0x80, 0xFF));
            to.Byte(dice.Between(0, 0xFF));
        }),
        new("Remaining Length not in its shortest form", Malformed, (to, dice) =>
        {
            to.Byte(dice.One<int>([Publish, .. Answers])).Byte(dice.Between(0x80, 0xFF));
            for (var digit = dice.Below(3); digit > 0; digit--) to.Byte(0x80);
            to.Byte(0);
        }),
        new("more than the maximum packet size", MqttReasonCode.PacketTooLarge, (to, dice) =>
            to.Byte(dice.One<int>([Publish, PublishQos1, .. Answers])).Variable(dice.Between(MaximumPacketSize, 268_435_455)).Random(dice, dice.Below(50))),
    ];

    /// <summary>In PUBLISH (3.3), but for its properties.</summary>
    private static IReadOnlyList<HostilePacket> Messages =>
    [
        new("DUP at QoS 0", Malformed, (to, dice) => Message(to, dice, Publish | 8, "t"u8)),
        new("empty PUBLISH", Malformed, (to, _) => to.Byte(Publish).Byte(0)),
        new("topic longer than the packet", Malformed, (to, dice) =>
        {
            var begin = to.Begin(Publish);
            var rest = dice.Below(40);
            to.UInt16(dice.Between(rest + 1, 65_535)).Random(dice, rest).End(begin);
        }),
        new("wildcard in the topic", Malformed, (to, dice) => Message(to, dice, Publish, dice.One<byte>([(byte)'+', (byte)'#']), "t/"u8)),
        new("U+0000 in the topic", Malformed, (to, dice) => Message(to, dice, PublishQos1, 0, "tel"u8)),
        new("topic that is not UTF-8", Malformed, (to, dice) => Message(to, dice, Publish, NotUtf8(dice))),
        new("packet identifier 0", Protocol, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([PublishQos1, 0x34, 0x3A]));
            to.Text("t").UInt16(0).Byte(0).Random(dice, dice.Below(20)).End(begin);
        }),
        new("no packet identifier", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([PublishQos1, 0x34]));
            to.Text("t").Random(dice, dice.Below(2)).End(begin);
        }),
    ];

    /// <summary>Acknowledgements and PINGRESP, as far as both versions know them alike.</summary>
    private static IReadOnlyList<HostilePacket> Answered =>
    [
        new("acknowledgement without packet identifier", Malformed, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([0x40, 0x50, 0x62, 0x70, 0x90, 0xB0]));
            to.Random(dice, dice.Below(2)).End(begin);
        }),
        new("acknowledgement of packet identifier 0", Protocol, (to, dice) =>
        {
            var begin = to.Begin(dice.One<int>([0x40, 0x50, 0x62, 0x70]));
            to.UInt16(0).End(begin);
        }),
        new("PINGRESP with a body", Malformed, (to, dice) =>
        {
            var begin = to.Begin(0xD0);
            to.Random(dice, dice.Between(1, 20)).End(begin);
        }),
    ];

    /// <summary>Bytes that are no UTF-8, of each kind (1.5.4): the end of a character alone, one cut short, overlong, a surrogate, beyond U+10FFFF.</summary>
    public static byte[] NotUtf8(Dice dice) => dice.Below(6) switch
    {
        0 => [(byte)'t', 0x80],
        1 => [0xE2, 0x82],
        2 => [0xC0, 0xAF],
        3 => [0xED, 0xA0, 0x80],
        4 => [0xF4, 0x90, 0x80, 0x80],
        _ => [(byte)'t', 0xFF],
    };

    private static void Body(PacketBytes to, Dice dice, int first)
    {
        var begin = to.Begin(first);
        to.Random(dice, dice.Below(30)).End(begin);
    }

    // One byte somewhere in a topic.
    private static void Message(PacketBytes to, Dice dice, int first, byte wrong, ReadOnlySpan<byte> topic)
    {
        Span<byte> all = stackalloc byte[topic.Length + 1];
        var at = dice.Below(all.Length);
        topic[..at].CopyTo(all);
        all[at] = wrong;
        topic[at..].CopyTo(all[(at + 1)..]);
        Message(to, dice, first, all);
    }

    private static void Message(PacketBytes to, Dice dice, int first, ReadOnlySpan<byte> topic)
    {
        var begin = to.Begin(first);
        to.Binary(topic);
        if ((first & 6) != 0) to.UInt16(dice.PacketId());
        to.Byte(0).Random(dice, dice.Below(50)).End(begin);
    }
}
