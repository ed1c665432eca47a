using System.Buffers;
using MQTTnet.Formatter;

namespace Tally.Mqtt.Session;

/// <summary>
/// Packets on their way out: one buffer is filled while the other is written to the socket, so everything that comes up
/// during a write goes out together with the next. Used under the client's lock, but for the one being written.
/// </summary>
internal sealed class OutgoingBuffer
{
    /// <summary>
    /// Publishing stops above it. 256 kB is about 1,500 readings, some 40 ms of what a broker takes: more would only wait
    /// here instead of at the publisher.
    /// </summary>
    public const int PublishLimit = 256 * 1024;

    /// <summary>Reading stops above it: acknowledgements (4 bytes each) pile up only when a broker sends and sends without reading.</summary>
    public const int ReceiveLimit = 1024 * 1024;

    private const int InitialSize = 64 * 1024;

    // Whoever publishes faster than the socket takes it once gets there sooner or later: so at once, and both buffers, instead of
    // one of them step by step some day in the middle of a stream.
    private const int GrownSize = PublishLimit + InitialSize;

    // What a single large packet made larger is not kept.
    private const int LargestKept = 2 * ReceiveLimit;

    private byte[] _filling = new byte[InitialSize];
    private byte[] _writing = new byte[InitialSize];

    /// <summary>Bytes gathered since they were taken last.</summary>
    public int Count { get; private set; }

    /// <summary>Packets they are.</summary>
    public int Packets { get; private set; }

    /// <summary>Adds a packet behind the others.</summary>
    public void Append(MqttPacketBuffer packet)
    {
        if (_filling.Length - Count < packet.Length)
            Array.Resize(ref _filling, Math.Max(Math.Max(Count + packet.Length, GrownSize), (int)Math.Min(2L * _filling.Length, Array.MaxLength)));
        packet.Packet.AsSpan().CopyTo(_filling.AsSpan(Count));
        packet.Payload.CopyTo(_filling.AsSpan(Count + packet.Packet.Count));
        Count += packet.Length;
        Packets++;
    }

    /// <summary>Takes all packets gathered so far for writing; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        var count = Count;
        (_filling, _writing) = (Next(), _filling);
        Clear();
        return _writing.AsMemory(0, count);
    }

    public void Clear() => (Count, Packets) = (0, 0);

    private byte[] Next()
    {
        if (_writing.Length > LargestKept) return new byte[InitialSize];
        return _filling.Length >= GrownSize && _writing.Length < GrownSize ? new byte[GrownSize] : _writing;
    }
}
