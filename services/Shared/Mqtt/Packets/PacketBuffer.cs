using MQTTnet.Protocol;

namespace Tally.Mqtt.Packets;

/// <summary>
/// What was received and is not taken yet, and the packets in it, which MQTTnet decodes where they lie. Everything that can be refused by
/// the first bytes of a packet is refused by them, its size above all: the buffer grows with what has arrived, not with what is announced.
/// </summary>
/// <param name="maximumPacketSize">Largest packet, in bytes.</param>
/// <param name="initialSize">Bytes that one read takes at most.</param>
internal sealed class PacketBuffer(int maximumPacketSize, int initialSize = PacketBuffer.InitialSize)
{
    /// <summary>Largest Remaining Length (2.1.4): four times seven bits.</summary>
    public const int MaximumRemainingLength = 268_435_455;

    // As much as a gathered stream brings, with reserve.
    private const int InitialSize = 128 * 1024;

    private byte[] _bytes = new byte[initialSize];
    private int _start;
    private int _end;

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

    /// <summary>Takes the next packet; its body is valid until the next <see cref="Fill"/>.</summary>
    /// <param name="first">Its first byte: type and flags (2.1), looked at here but for those of PUBLISH.</param>
    /// <param name="body">What follows the fixed header.</param>
    /// <returns>False when it is not whole yet.</returns>
    /// <exception cref="MqttException">0x81, 0x82, or 0x95 for one larger than allowed.</exception>
    public bool TryTake(out byte first, out ArraySegment<byte> body)
    {
        (first, body) = (0, default);
        var rest = Rest;
        if (rest.IsEmpty) return false;
        first = rest[0];
        CheckFlags((MqttControlPacketType)(first >> 4), first & 0x0F);
        if (!TryReadLength(rest, out var length, out var at)) return false;
        if (at + length > maximumPacketSize)
            throw new MqttException(MqttReasonCode.PacketTooLarge, $"{(MqttControlPacketType)(first >> 4)} of {at + length} bytes is larger than the Maximum Packet Size of {maximumPacketSize} told to the broker.");
        if (rest.Length - at < length) return false;
        body = new ArraySegment<byte>(_bytes, _start + at, length);
        _start += at + length;
        return true;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> packet, out int length, out int at)
    {
        length = 0;
        for (at = 1; at <= 4; at++)
        {
            if (at == packet.Length) return false;
            length |= (packet[at] & 0x7F) << (7 * (at - 1));
            if (packet[at] >= 0x80) continue;
            at++;
            return true;
        }

        throw Violation.Malformed("Remaining Length has more than four bytes");
    }

    private static void CheckFlags(MqttControlPacketType type, int flags)
    {
        switch (type)
        {
            case MqttControlPacketType.Publish when (flags & 0x06) == 0x06:
                throw Violation.Malformed("PUBLISH with QoS 3");
            case MqttControlPacketType.Publish when (flags & 0x0E) == 0x08:
                throw Violation.Malformed("PUBLISH with DUP at QoS 0");
            case MqttControlPacketType.Publish:
                return;
            case 0:
                throw Violation.Malformed("packet type 0 is reserved");
            case MqttControlPacketType.Connect or MqttControlPacketType.Subscribe or MqttControlPacketType.Unsubscribe or MqttControlPacketType.PingReq:
                throw Violation.Protocol($"{type} is not for a broker to send");
            case var _ when flags != (type == MqttControlPacketType.PubRel ? 2 : 0):
                throw Violation.Malformed($"{type} with reserved flags 0x{flags:X}");
        }
    }
}
