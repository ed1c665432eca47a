namespace Tally.Mqtt.Session;

/// <summary>
/// Messages of ours that wait for their acknowledgement (4.3.2, 4.3.3), each kept encoded, with its whole topic, so that it can be sent
/// again on the next connection of the session (4.4). One that has its PUBREC is a packet identifier only. The packet identifier is the
/// place in the table. Used under the client's lock.
/// </summary>
/// <param name="capacity">Largest packet identifier to use.</param>
internal sealed class InFlightMessages(int capacity)
{
    // No more bytes than this wait at once, however large the messages: 10,000 of 6 kB. One message is always let in.
    private const int BytesLimit = 64 * 1024 * 1024;

    // A buffer stays with its place between two messages unless it is larger: a reading takes 200 bytes, and 10,000 of these are 10 MB.
    private const int LargestKept = 1024;

    // Identifiers come round in turn: one used again at once would hide a late acknowledgement.
    private readonly Queue<ushort> _free = new();
    private InFlightMessage[] _messages = new InFlightMessage[Math.Min(64, capacity + 1)];
    private int _used = 1; // place 0 stays empty: it is no packet identifier
    private long _order;
    private long _bytes;

    public int Capacity => capacity;
    public int Count { get; private set; }
    public int ExactlyOnceCount { get; private set; } // those of QoS 2 among them
    public bool HasRoom => Count < capacity && _bytes < BytesLimit;
    public ushort NextId => _free.TryPeek(out var packetId) ? packetId : (ushort)_used; // what the next message gets
    public ref InFlightMessage this[ushort packetId] => ref _messages[packetId];

    /// <summary>What the message under that packet identifier waits for.</summary>
    public InFlightState StateOf(ushort packetId) => packetId < _used ? _messages[packetId].State : InFlightState.None;

    /// <summary>Keeps a message, encoded with <see cref="NextId"/>, behind all others.</summary>
    public void Add(MqttPacketBuffer packet, MqttProtocolVersion version, MqttQos qos, bool retain, long token, TaskCompletionSource<MqttReasonCode>? operation)
    {
        var packetId = NextId;
        if (!_free.TryDequeue(out _) && ++_used > _messages.Length) Array.Resize(ref _messages, Math.Min(2 * _messages.Length, capacity + 1));
        var bytes = _messages[packetId].Packet is { } kept && kept.Length >= packet.Length ? kept : new byte[(packet.Length + 63) & ~63];
        packet.Packet.AsSpan().CopyTo(bytes);
        packet.Payload.CopyTo(bytes.AsSpan(packet.Packet.Count));
        _messages[packetId] = new InFlightMessage
        {
            Packet = bytes, Length = packet.Length, Version = version, Qos = qos, Retain = retain, Token = token, Operation = operation, Sent = true, Order = ++_order,
            State = qos == MqttQos.ExactlyOnce ? InFlightState.AwaitsPubRec : InFlightState.AwaitsPubAck,
        };
        Count++;
        if (qos == MqttQos.ExactlyOnce) ExactlyOnceCount++;
        _bytes += packet.Length;
    }

    /// <summary>Ends the waiting of one that waits.</summary>
    public InFlightMessage Remove(ushort packetId)
    {
        var removed = _messages[packetId];
        _messages[packetId] = new InFlightMessage { Packet = removed.Packet is { Length: <= LargestKept } kept ? kept : null };
        Count--;
        if (removed.Qos == MqttQos.ExactlyOnce) ExactlyOnceCount--;
        _bytes -= removed.Length;
        _free.Enqueue(packetId);
        return removed;
    }

    /// <summary>Its PUBREC came with that reason: only PUBREL is to be sent from now on.</summary>
    public void SetReceived(ushort packetId, MqttReasonCode reason)
    {
        ref var message = ref _messages[packetId];
        _bytes -= message.Length;
        (message.State, message.Reason, message.Length) = (InFlightState.AwaitsPubComp, reason, 0);
    }

    /// <summary>All packet identifiers in the order of publishing (4.6).</summary>
    public IReadOnlyList<ushort> InOrder() =>
        [.. Enumerable.Range(1, _used - 1).Where(place => _messages[place].State != InFlightState.None).OrderBy(place => _messages[place].Order).Select(place => (ushort)place)];
}

/// <summary>A message of ours that is, or was, in flight.</summary>
internal struct InFlightMessage
{
    public byte[]? Packet; // stays for the next one under this packet identifier
    public int Length; // bytes of it; 0 once only PUBREL is to be sent
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
internal enum InFlightState : byte { None, AwaitsPubAck, AwaitsPubRec, AwaitsPubComp }
