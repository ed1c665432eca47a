namespace Tally.Mqtt.Packets;

/// <summary>The fixed header (2.1): type, flags and how long the packet is.</summary>
internal readonly struct FixedHeader(PacketType type, byte flags, int length, int bodyLength)
{
    /// <summary>First byte and at most four bytes of Remaining Length.</summary>
    public const int MaximumLength = 5;

    /// <summary>Largest Remaining Length (2.1.4): four times seven bits.</summary>
    public const int MaximumRemainingLength = 268_435_455;

    public PacketType Type { get; } = type;

    /// <summary>Low half of the first byte; already checked against the reserved values (2.1.3).</summary>
    public byte Flags { get; } = flags;

    /// <summary>Bytes of the fixed header itself.</summary>
    public int Length { get; } = length;

    /// <summary>Remaining Length: bytes after the fixed header.</summary>
    public int BodyLength { get; } = bodyLength;

    public int PacketLength => Length + BodyLength;

    /// <summary>
    /// Reads the header of a packet from the broker. Everything that can be refused by its first bytes is refused here,
    /// its size above all: nothing is kept waiting for, or bought for, a packet that is going to be refused.
    /// </summary>
    /// <returns>False when more bytes are needed to tell.</returns>
    /// <exception cref="MqttException">0x81, 0x82, or 0x95 for one larger than <paramref name="maximumPacketSize"/>.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int maximumPacketSize, out FixedHeader header)
    {
        header = default;
        if (bytes.IsEmpty) return false;
        var type = (PacketType)(bytes[0] >> 4);
        var flags = (byte)(bytes[0] & 0x0F);
        if (type != PacketType.Publish || (flags & 0x06) == 0x06) CheckFlags(type, flags);

        int bodyLength;
        int length;
        if (bytes.Length < 2) return false;
        if (bytes[1] < 0x80)
        {
            bodyLength = bytes[1];
            length = 2;
        }
        else if (!TryReadLength(bytes, out bodyLength, out length))
        {
            return false;
        }

        if (length + bodyLength > maximumPacketSize) throw TooLarge(type, length + bodyLength, maximumPacketSize);
        header = new FixedHeader(type, flags, length, bodyLength);
        return true;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> bytes, out int bodyLength, out int length)
    {
        bodyLength = 0;
        for (length = 1; length < MaximumLength; length++)
        {
            if (length == bytes.Length) return false;
            var digit = bytes[length];
            bodyLength |= (digit & 0x7F) << (7 * (length - 1));
            if (digit >= 0x80) continue;
            if (digit == 0) throw Violation.Malformed("Remaining Length is not in its shortest form");
            length++;
            return true;
        }

        throw Violation.Malformed("Remaining Length has more than four bytes");
    }

    private static void CheckFlags(PacketType type, byte flags)
    {
        switch (type)
        {
            case PacketType.Publish:
                throw Violation.Malformed("PUBLISH with QoS 3");
            case PacketType.PubRel when flags != 0x02:
            case PacketType.ConnAck or PacketType.PubAck or PacketType.PubRec or PacketType.PubComp or PacketType.SubAck or
                PacketType.UnsubAck or PacketType.PingResp or PacketType.Disconnect or PacketType.Auth when flags != 0:
                throw Violation.Malformed($"{type} with reserved flags 0x{flags:X}");
            case PacketType.Reserved:
                throw Violation.Malformed("packet type 0 is reserved");
            case PacketType.Connect or PacketType.Subscribe or PacketType.Unsubscribe or PacketType.PingReq:
                throw Violation.Protocol($"{type} is not for a broker to send");
            default:
                return;
        }
    }

    private static MqttException TooLarge(PacketType type, int size, int maximum) =>
        new(MqttReasonCode.PacketTooLarge, $"{type} of {size} bytes is larger than the Maximum Packet Size of {maximum} told to the broker.");
}
