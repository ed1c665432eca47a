namespace Tally.Mqtt.Session;

/// <summary>
/// Packets on their way out: one buffer is filled while the other is written to the socket, so everything that comes up
/// during a write goes out together with the next. Used under the client's lock, but for the one being written.
/// </summary>
internal sealed class OutgoingBuffer
{
    /// <summary>Publishing stops above it. 256 kB is about 1,500 readings, some 40 ms of what a broker takes: more would only wait here instead of at the publisher.</summary>
    public const int PublishLimit = 256 * 1024;

    /// <summary>Reading stops above it: acknowledgements (4 bytes each) pile up only when a broker sends and sends without reading.</summary>
    public const int ReceiveLimit = 1024 * 1024;

    // What a single large packet made larger than the second is not kept.
    private const int InitialSize = 64 * 1024, LargestKept = 2 * ReceiveLimit;

    private ArrayBufferWriter<byte> _filling = new(InitialSize);
    private ArrayBufferWriter<byte> _writing = new(InitialSize);
    private int _packets;

    public int Count => _filling.WrittenCount;

    public void Append(MqttPacketBuffer packet)
    {
        _filling.Write(packet.Packet.AsSpan());
        foreach (var part in packet.Payload) _filling.Write(part.Span);
        _packets++;
    }

    /// <summary>Takes all packets gathered so far for writing; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Take(out int packets)
    {
        packets = _packets;
        (_filling, _writing) = (_writing.Capacity > LargestKept ? new(InitialSize) : _writing, _filling);
        Clear();
        return _writing.WrittenMemory;
    }

    public void Clear()
    {
        _filling.ResetWrittenCount();
        _packets = 0;
    }
}
