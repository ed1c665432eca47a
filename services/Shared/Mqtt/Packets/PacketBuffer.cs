namespace Tally.Mqtt.Packets;

/// <summary>
/// What was received and is not taken yet, and the packets in it, which MQTTnet decodes where they lie. Everything that can be refused by
/// the first bytes of a packet is refused by them, its size above all: the buffer grows with what has arrived, not with what is announced.
/// </summary>
/// <param name="maximumPacketSize">Largest packet, in bytes.</param>
/// <param name="initialSize">Bytes that one read takes at most; 128 kB are as much as a gathered stream brings, with reserve.</param>
internal sealed class PacketBuffer(int maximumPacketSize, int initialSize = 128 * 1024)
{
    /// <summary>Largest Remaining Length (2.1.4): four times seven bits.</summary>
    public const int MaximumRemainingLength = 268_435_455;

    private byte[] _bytes = new byte[initialSize];
    private int _start, _end;

    /// <summary>The first bytes of what is not taken yet.</summary>
    public ReadOnlySpan<byte> Rest => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Reads what the stream has, at least one byte. Blocks. What was taken before is overwritten.</summary>
    /// <returns>Bytes read; 0 at the end of the stream.</returns>
    public int Fill(Stream stream)
    {
        var rest = Rest;
        if (rest.IsEmpty && _bytes.Length > initialSize) _bytes = new byte[initialSize]; // what a single large packet made larger is not kept
        rest.CopyTo(_bytes);
        (_start, _end) = (0, rest.Length);
        if (_end == _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(2L * _bytes.Length, Array.MaxLength));
        var read = stream.Read(_bytes.AsSpan(_end));
        _end += read;
        return read;
    }

    /// <summary>Takes the next packet: its first byte (2.1), and what follows the fixed header, valid until the next <see cref="Fill"/>.</summary>
    /// <returns>False when it is not whole yet.</returns>
    /// <exception cref="MqttException">0x81, 0x82, or 0x95 for one larger than allowed.</exception>
    public bool TryTake(out byte first, out ArraySegment<byte> body)
    {
        (first, body) = (0, default);
        var rest = Rest;
        if (rest.IsEmpty) return false;
        first = rest[0];
        CheckFlags((MqttControlPacketType)(first >> 4), first & 0x0F);
        var (length, at) = (0, 1);
        for (var more = true; more; at++)
        {
            if (at > 4) throw MqttException.Malformed("Remaining Length has more than four bytes");
            if (at == rest.Length) return false;
            length |= (rest[at] & 0x7F) << (7 * (at - 1));
            more = rest[at] >= 0x80;
        }

        if (at + length > maximumPacketSize)
            throw new MqttException(MqttReasonCode.PacketTooLarge, $"{(MqttControlPacketType)(first >> 4)} of {at + length} bytes is larger than the Maximum Packet Size of {maximumPacketSize} told to the broker.");
        if (rest.Length - at < length) return false;
        body = new ArraySegment<byte>(_bytes, _start + at, length);
        _start += at + length;
        return true;
    }

    private static void CheckFlags(MqttControlPacketType type, int flags)
    {
        var wrong = type switch
        {
            MqttControlPacketType.Publish => (flags & 0x06) == 0x06 ? "QoS 3" : (flags & 0x0E) == 0x08 ? "DUP at QoS 0" : null,
            0 => "type 0, which is reserved",
            MqttControlPacketType.Connect or MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe or MqttControlPacketType.PingReq =>
                throw MqttException.Protocol($"{type} is not for a broker to send"),
            _ => flags == (type == MqttControlPacketType.PubRel ? 2 : 0) ? null : $"reserved flags 0x{flags:X}",
        };
        if (wrong is not null) throw MqttException.Malformed($"{type} with {wrong}");
    }
}
