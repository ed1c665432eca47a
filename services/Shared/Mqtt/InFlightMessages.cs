using System.Buffers;

namespace Tally.Mqtt;

/// <summary>
/// Messages of ours that wait for their acknowledgement (4.3.2, 4.3.3), each kept encoded so that it can be sent again on
/// the next connection of the session, in the order of publishing (4.4, 4.6): whole and in the form of MQTT 5, whatever the
/// connection makes of it. One that has its PUBREC is a packet identifier only. The packet identifier is the place in the
/// table. Memory is used again; used under the client's lock.
/// </summary>
internal sealed class InFlightMessages(int capacity) : IDisposable
{
    /// <summary>
    /// No more bytes than this wait at once, however large the messages: 10,000 of 6 kB. One message is always let in.
    /// </summary>
    public const int BytesLimit = 64 * 1024 * 1024;

    // Buffers that stay with their place between two messages: 10,000 of 256 bytes, what a reading takes, are 2.5 MB.
    private const int KeptBytesLimit = 16 * 1024 * 1024;

    private Slot[] _slots = new Slot[Math.Min(64, capacity + 1)];
    private int _used = 1; // place 0 stays empty: it is no packet identifier, and ends the list
    private int _freeFirst;
    private int _freeLast;
    private int _last;
    private long _keptBytes;

    /// <summary>Largest packet identifier ever used.</summary>
    public int Capacity => capacity;

    public int Count { get; private set; }

    /// <summary>How many of them are of QoS 2.</summary>
    public int ExactlyOnceCount { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Packet identifier of the oldest; 0: none.</summary>
    public ushort First { get; private set; }

    /// <summary>There is a free packet identifier and memory.</summary>
    public bool HasRoom => Count < capacity && Bytes < BytesLimit;

    /// <summary>Takes a packet identifier, not the one freed last, and room for a packet behind all others.</summary>
    public Span<byte> Add(int length, long token, PublishOperation? operation, out ushort packetId, MqttQos qos = MqttQos.AtLeastOnce)
    {
        packetId = TakeFree();
        ref var slot = ref _slots[packetId];
        if (slot.Packet is null || slot.Packet.Length < length) Replace(ref slot, ArrayPool<byte>.Shared.Rent(length));
        slot.Length = length;
        slot.Token = token;
        slot.Operation = operation;
        slot.State = qos == MqttQos.ExactlyOnce ? InFlightState.AwaitsPubRec : InFlightState.AwaitsPubAck;
        slot.Reason = MqttReasonCode.Success;
        slot.Sent = true;
        slot.Next = 0;
        slot.Previous = (ushort)_last;
        if (_last == 0) First = packetId;
        else _slots[_last].Next = packetId;
        _last = packetId;
        Count++;
        if (qos == MqttQos.ExactlyOnce) ExactlyOnceCount++;
        Bytes += length;
        return slot.Packet.AsSpan(0, length);
    }

    /// <summary>Ends the waiting of one.</summary>
    /// <returns>False when none waits under that packet identifier.</returns>
    public bool TryRemove(ushort packetId, out long token, out PublishOperation? operation, out bool sent)
    {
        sent = false;
        token = 0;
        operation = null;
        if (StateOf(packetId) == InFlightState.None) return false;
        ref var slot = ref _slots[packetId];
        token = slot.Token;
        operation = slot.Operation;
        sent = slot.Sent;
        slot.Operation = null;
        if (slot.State != InFlightState.AwaitsPubAck) ExactlyOnceCount--;
        slot.State = InFlightState.None;
        Count--;
        Bytes -= slot.Length;
        if (slot.Previous == 0) First = slot.Next;
        else _slots[slot.Previous].Next = slot.Next;
        if (slot.Next == 0) _last = slot.Previous;
        else _slots[slot.Next].Previous = slot.Previous;
        if (_keptBytes > KeptBytesLimit) Replace(ref slot, null);
        slot.Next = 0;
        if (_freeLast == 0) _freeFirst = packetId;
        else _slots[_freeLast].Next = packetId;
        _freeLast = packetId;
        return true;
    }

    /// <summary>What the message under that packet identifier waits for.</summary>
    public InFlightState StateOf(ushort packetId) => packetId < _used ? _slots[packetId].State : InFlightState.None;

    /// <summary>Its PUBREC came: only PUBREL is to be sent from now on.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="reason">What PUBREC said, for whoever waits for PUBCOMP.</param>
    public void SetReceived(ushort packetId, MqttReasonCode reason)
    {
        ref var slot = ref _slots[packetId];
        slot.State = InFlightState.AwaitsPubComp;
        slot.Reason = reason;
        Bytes -= slot.Length;
        slot.Length = 0;
    }

    /// <summary>What PUBREC said.</summary>
    public MqttReasonCode ReasonOf(ushort packetId) => _slots[packetId].Reason;

    /// <summary>It was sent on the open connection.</summary>
    public bool IsSent(ushort packetId) => _slots[packetId].Sent;

    /// <summary>The one published after this one; 0: none.</summary>
    public ushort Next(ushort packetId) => _slots[packetId].Next;

    /// <summary>Notes whether it was sent on the open connection; a new one is.</summary>
    public void SetSent(ushort packetId, bool sent) => _slots[packetId].Sent = sent;

    public Span<byte> PacketOf(ushort packetId) => _slots[packetId].Packet.AsSpan(0, _slots[packetId].Length);

    public void Dispose()
    {
        for (var place = 1; place < _used; place++) Replace(ref _slots[place], null);
    }

    private ushort TakeFree()
    {
        // Identifiers come round in turn as far as possible: one used again at once would hide a late acknowledgement.
        if (_freeFirst == 0)
        {
            if (_used == _slots.Length) Array.Resize(ref _slots, Math.Min(2 * _slots.Length, capacity + 1));
            return (ushort)_used++;
        }

        var packetId = (ushort)_freeFirst;
        _freeFirst = _slots[packetId].Next;
        if (_freeFirst == 0) _freeLast = 0;
        return packetId;
    }

    private void Replace(ref Slot slot, byte[]? packet)
    {
        if (slot.Packet is { } old)
        {
            _keptBytes -= old.Length;
            ArrayPool<byte>.Shared.Return(old);
        }

        slot.Packet = packet;
        _keptBytes += packet?.Length ?? 0;
    }

    private struct Slot
    {
        public byte[]? Packet;
        public PublishOperation? Operation;
        public long Token;
        public int Length;
        public ushort Next;
        public ushort Previous;
        public InFlightState State;
        public MqttReasonCode Reason;
        public bool Sent;
    }
}

/// <summary>What a message of ours waits for.</summary>
internal enum InFlightState : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>QoS 1.</summary>
    AwaitsPubAck,

    /// <summary>QoS 2, first half.</summary>
    AwaitsPubRec,

    /// <summary>QoS 2, second half.</summary>
    AwaitsPubComp,
}
