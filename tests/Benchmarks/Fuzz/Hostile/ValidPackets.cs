namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>Packets as a broker may send them, with random fields. Each call writes one whole packet.</summary>
/// <param name="to">Where to.</param>
/// <param name="dice">What decides.</param>
/// <param name="version">5 or 4 (3.1.1).</param>
internal sealed class ValidPackets(PacketBytes to, Dice dice, int version)
{
    private static readonly string[] Texts =
    [
        "t", "telemetry/device-1/temperature", "é°€", "𝄞/\uFEFF", " /", "a//b", "x", new('k', 127), new('l', 128), new('m', 700), new('n', 16_384),
    ];

    /// <summary>Topic of the last message.</summary>
    public static ReadOnlySpan<byte> LastTopic => "the/end"u8;

    /// <summary>Any of them.</summary>
    public void Any()
    {
        switch (dice.Below(12))
        {
            case < 6: Publish(dice.Below(3), dice.PacketId()); break;
            case 6: ConnAck(); break;
            case 7: Ack(dice.One<int>([0x40, 0x50, 0x62, 0x70]), dice.PacketId(), 0); break;
            case 8: SubAck(dice.PacketId(), dice.Between(1, 20)); break;
            case 9: UnsubAck(dice.PacketId(), dice.Between(1, 20)); break;
            case 10 when version == 5: Disconnect(); break;
            default: to.Byte(0xD0).Byte(0); break;
        }
    }

    /// <summary>The last message of a peer: who hands it over has taken everything before.</summary>
    public void End()
    {
        var begin = to.Begin(0x30);
        to.Binary(LastTopic);
        if (version == 5) to.Byte(0);
        to.End(begin);
    }

    /// <summary>PUBLISH.</summary>
    public void Publish(int qos, int packetId)
    {
        var begin = to.Begin(0x30 | (qos << 1) | (qos > 0 && dice.Percent(20) ? 8 : 0) | (dice.Percent(20) ? 1 : 0));
        to.Text(Text());
        if (qos > 0) to.UInt16(packetId);
        if (version == 5) PublishProperties();
        to.Random(dice, dice.Percent(95) ? dice.Below(120) : dice.Below(5_000)).End(begin);
    }

    /// <summary>CONNACK that says yes, with any properties.</summary>
    public void ConnAck(bool sessionPresent = false)
    {
        var begin = to.Begin(0x20);
        to.Byte(sessionPresent ? 1 : 0).Byte(0);
        if (version == 5)
        {
            var properties = to.Count;
            if (dice.Percent(30)) to.Byte(0x11).UInt32((uint)dice.Next());
            if (dice.Percent(30)) to.Byte(0x21).UInt16(dice.PacketId());
            if (dice.Percent(20)) to.Byte(0x24).Byte(dice.Below(2));
            if (dice.Percent(20)) to.Byte(0x25).Byte(dice.Below(2));
            if (dice.Percent(20)) to.Byte(0x27).UInt32((uint)dice.Next() | 0x4000);
            if (dice.Percent(20)) to.Byte(0x22).UInt16(dice.Below(65_536));
            if (dice.Percent(20)) to.Byte(0x1F).Text(Text());
            if (dice.Percent(10)) to.Byte(0x12).Text(Text());
            if (dice.Percent(10)) to.Byte(0x1A).Text(Text());
            if (dice.Percent(10)) to.Byte(0x1C).Text(Text());
            if (dice.Percent(20)) to.Byte(0x28).Byte(dice.Below(2));
            if (dice.Percent(20)) to.Byte(0x29).Byte(dice.Below(2));
            if (dice.Percent(20)) to.Byte(0x2A).Byte(dice.Below(2));
            if (dice.Percent(20)) to.Byte(0x13).UInt16(dice.Below(65_536));
            UserProperties();
            to.End(properties);
        }

        to.End(begin);
    }

    /// <summary>PUBACK, PUBREC, PUBREL or PUBCOMP.</summary>
    public void Ack(int first, int packetId, int reason)
    {
        var begin = to.Begin(first);
        to.UInt16(packetId);
        if (version == 5 && (reason != 0 || dice.Percent(30)))
        {
            to.Byte(reason);
            if (dice.Percent(50)) ReasonProperties();
        }

        to.End(begin);
    }

    /// <summary>SUBACK that grants.</summary>
    public void SubAck(int packetId, int filters, int reason = 1)
    {
        var begin = to.Begin(0x90);
        to.UInt16(packetId);
        if (version == 5) ReasonProperties();
        for (var filter = 0; filter < filters; filter++) to.Byte(reason);
        to.End(begin);
    }

    /// <summary>UNSUBACK.</summary>
    public void UnsubAck(int packetId, int filters)
    {
        var begin = to.Begin(0xB0);
        to.UInt16(packetId);
        if (version == 5)
        {
            ReasonProperties();
            for (var filter = 0; filter < filters; filter++) to.Byte(0);
        }

        to.End(begin);
    }

    /// <summary>DISCONNECT (5 only), with a reason that lets the client come again unless told otherwise.</summary>
    public void Disconnect(int reason = 0x98)
    {
        var begin = to.Begin(0xE0);
        to.Byte(reason);
        if (dice.Percent(50)) ReasonProperties();
        to.End(begin);
    }

    /// <summary>A text that is a topic name too.</summary>
    public string Text() => Texts[dice.Percent(90) ? dice.Below(7) : dice.Below(Texts.Length)];

    private void PublishProperties()
    {
        var properties = to.Count;
        if (dice.Percent(40))
        {
            if (dice.Percent(30)) UserProperties();
            if (dice.Percent(30)) to.Byte(0x01).Byte(dice.Below(2));
            if (dice.Percent(30)) to.Byte(0x02).UInt32((uint)dice.Next());
            if (dice.Percent(30)) to.Byte(0x03).Text(Text());
            if (dice.Percent(30)) to.Byte(0x08).Text(Text());
            if (dice.Percent(30)) to.Byte(0x09).Binary("c-1"u8);
            for (var more = dice.Below(3); more > 0; more--) to.Byte(0x0B).Variable(dice.Between(1, 268_435_455));
            if (dice.Percent(30)) UserProperties();
        }

        to.End(properties);
    }

    private void ReasonProperties()
    {
        var properties = to.Count;
        if (dice.Percent(30)) to.Byte(0x1F).Text(Text());
        if (dice.Percent(30)) UserProperties();
        to.End(properties);
    }

    private void UserProperties()
    {
        for (var more = dice.Below(3); more > 0; more--) to.Byte(0x26).Text(Text()).Text(Text());
    }
}
