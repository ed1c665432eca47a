using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>Takes the packets that <see cref="PacketSplitter"/> finds.</summary>
internal interface IPacketSink
{
    /// <summary>One whole packet; its bytes are valid until the return.</summary>
    /// <returns>False to be given no more.</returns>
    bool Take(FixedHeader header, ReadOnlySpan<byte> body);
}

/// <summary>Finds the packets in a stream of bytes. One is copied only where it lies across two segments.</summary>
internal sealed class PacketSplitter(int maximumPacketSize)
{
    private byte[] _scratch = [];

    /// <summary>Hands all whole packets to <paramref name="sink"/>, in order.</summary>
    /// <param name="buffer">What has arrived.</param>
    /// <param name="sink">A struct, so that its method is called directly.</param>
    /// <param name="rest">What was not handed over: the beginning of a packet, or what follows a refusal to take more.</param>
    /// <returns>How many were handed over.</returns>
    /// <exception cref="MqttException">A header that a broker must not send, as soon as its bytes are there.</exception>
    public int Split<TSink>(ReadOnlySequence<byte> buffer, ref TSink sink, out ReadOnlySequence<byte> rest)
        where TSink : struct, IPacketSink
    {
        var packets = 0;
        var more = true;
        rest = buffer;
        while (more && !rest.IsEmpty)
        {
            var bytes = rest.FirstSpan;
            var offset = 0;
            while (more && FixedHeader.TryRead(bytes[offset..], maximumPacketSize, out var header) && header.PacketLength <= bytes.Length - offset)
            {
                more = sink.Take(header, bytes.Slice(offset + header.Length, header.BodyLength));
                offset += header.PacketLength;
                packets++;
            }

            var last = rest.IsSingleSegment;
            rest = rest.Slice(offset);
            if (!more || last) break;

            // Packets that ended with their segment: the last one begins with a packet of its own.
            if (rest.IsSingleSegment) continue;
            if (!TryGather(rest, out var across)) break;
            more = sink.Take(across, _scratch.AsSpan(0, across.BodyLength));
            rest = rest.Slice(across.PacketLength);
            packets++;
        }

        return packets;
    }

    // The scratch grows to a packet's size only once the whole packet has arrived: the peer's word alone buys no memory.
    private bool TryGather(ReadOnlySequence<byte> from, out FixedHeader header)
    {
        Span<byte> start = stackalloc byte[FixedHeader.MaximumLength];
        start = start[..(int)Math.Min(from.Length, start.Length)];
        from.Slice(0, start.Length).CopyTo(start);
        if (!FixedHeader.TryRead(start, maximumPacketSize, out header) || from.Length < header.PacketLength) return false;
        if (_scratch.Length < header.BodyLength) _scratch = new byte[header.BodyLength];
        from.Slice(header.Length, header.BodyLength).CopyTo(_scratch);
        return true;
    }
}
