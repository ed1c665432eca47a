using System.Buffers;
using MQTTnet.Formatter;

namespace Tally.Mqtt.Session;

/// <summary>
/// Messages of ours that wait for their acknowledgement (4.3.2, 4.3.3), each kept encoded, with its whole topic, so that it can be sent
/// again on the next connection of the session (4.4). One that has its PUBREC is a packet identifier only. The packet identifier is the
/// place in the table. Memory is used again; used under the client's lock.
/// </summary>
/// <param name="capacity">Largest packet identifier to use.</param>
internal sealed class InFlightMessages(int capacity) : IDisposable
{
    // No more bytes than this wait at once, however large the messages: 10,000 of 6 kB. One message is always let in.
    private const int BytesLimit = 64 * 1024 * 1024;

    // Buffers that stay with their place between two messages: 10,000 of 256 bytes, what a reading takes, are 2.5 MB.
    private const int KeptBytesLimit = 16 * 1024 * 1024;

    // Identifiers come round in turn: one used again at once would hide a late acknowledgement.
    private readonly Queue<ushort> _free = new();
    private InFlightMessage[] _messages = new InFlightMessage[Math.Min(64, capacity + 1)];
    private int _used = 1; // place 0 stays empty: it is no packet identifier
    private long _order;
    private long _bytes;
    private long _keptBytes;

    /// <summary>Largest packet identifier ever used.</summary>
    public int Capacity => capacity;
    public int Count { get; private set; }
    /// <summary>How many of them are of QoS 2.</summary>
    public int ExactlyOnceCount { get; private set; }
    /// <summary>There is a free packet identifier and memory.</summary>
    public bool HasRoom => Count < capacity && _bytes < BytesLimit;
    /// <summary>The packet identifier that the next message gets.</summary>
    public ushort NextId => _free.TryPeek(out var packetId) ? packetId : (ushort)_used;
    /// <summary>The message under a packet identifier that was used.</summary>
    public ref InFlightMessage this[ushort packetId] => ref _messages[packetId];

    /// <summary>What the message under that packet identifier waits for.</summary>
    public InFlightState StateOf(ushort packetId) => packetId < _used ? _messages[packetId].State : InFlightState.None;

    /// <summary>Keeps a message, encoded with <see cref="NextId"/>, behind all others.</summary>
    public void Add(MqttPacketBuffer packet, MqttProtocolVersion version, MqttQos qos, bool retain, long token, TaskCompletionSource<MqttReasonCode>? operation)
    {
        var packetId = NextId;
        if (!_free.TryDequeue(out _) && ++_used > _messages.Length) Array.Resize(ref _messages, Math.Min(2 * _messages.Length, capacity + 1));
        ref var message = ref _messages[packetId];
        if (message.Packet is null || message.Packet.Length < packet.Length) Replace(ref message, ArrayPool<byte>.Shared.Rent(packet.Length));
        packet.Packet.AsSpan().CopyTo(message.Packet);
        packet.Payload.CopyTo(message.Packet.AsSpan(packet.Packet.Count));
        (message.Length, message.Version, message.Qos, message.Retain, message.Token, message.Operation) = (packet.Length, version, qos, retain, token, operation);
        (message.State, message.Reason, message.Sent, message.Order) = (qos == MqttQos.ExactlyOnce ? InFlightState.AwaitsPubRec : InFlightState.AwaitsPubAck, MqttReasonCode.Success, true, ++_order);
        Count++;
        if (qos == MqttQos.ExactlyOnce) ExactlyOnceCount++;
        _bytes += packet.Length;
    }

    /// <summary>Ends the waiting of one that waits.</summary>
    public InFlightMessage Remove(ushort packetId)
    {
        ref var message = ref _messages[packetId];
        var removed = message;
        (message.Operation, message.State) = (null, InFlightState.None);
        Count--;
        if (removed.Qos == MqttQos.ExactlyOnce) ExactlyOnceCount--;
        _bytes -= removed.Length;
        if (_keptBytes > KeptBytesLimit) Replace(ref message, null);
        _free.Enqueue(packetId);
        return removed;
    }

    /// <summary>Its PUBREC came: only PUBREL is to be sent from now on.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="reason">What PUBREC said, for whoever waits for PUBCOMP.</param>
    public void SetReceived(ushort packetId, MqttReasonCode reason)
    {
        ref var message = ref _messages[packetId];
        _bytes -= message.Length;
        (message.State, message.Reason, message.Length) = (InFlightState.AwaitsPubComp, reason, 0);
    }

    /// <summary>All packet identifiers in the order of publishing (4.6).</summary>
    public IReadOnlyList<ushort> InOrder() =>
        [.. Enumerable.Range(1, _used - 1).Where(place => _messages[place].State != InFlightState.None).OrderBy(place => _messages[place].Order).Select(place => (ushort)place)];

    public void Dispose()
    {
        for (var place = 1; place < _used; place++) Replace(ref _messages[place], null);
    }

    private void Replace(ref InFlightMessage message, byte[]? packet)
    {
        if (message.Packet is { } old) ArrayPool<byte>.Shared.Return(old);
        _keptBytes += (packet?.Length ?? 0) - (message.Packet?.Length ?? 0);
        message.Packet = packet;
    }
}

/// <summary>A message of ours that is, or was, in flight.</summary>
internal struct InFlightMessage
{
    public byte[]? Packet; // stays for the next one under this packet identifier
    public int Length; // bytes of its packet; 0 once only PUBREL is to be sent
    public MqttProtocolVersion Version; // that it is encoded in
    public MqttQos Qos;
    public bool Retain;
    public bool Sent; // on the open connection
    public InFlightState State;
    public MqttReasonCode Reason; // what PUBREC said
    public long Token; // what its publisher gave
    public long Order;
    public TaskCompletionSource<MqttReasonCode>? Operation; // its PublishAsync; null: there is none
}

/// <summary>What a message of ours waits for.</summary>
internal enum InFlightState : byte
{
    None,
    AwaitsPubAck,
    AwaitsPubRec,
    AwaitsPubComp,
}
