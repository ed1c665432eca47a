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
    private Slot[] _slots = new Slot[Math.Min(64, capacity + 1)];
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

    /// <summary>Keeps a message, encoded with <see cref="NextId"/>, behind all others.</summary>
    public void Add(MqttPacketBuffer packet, MqttProtocolVersion version, MqttQos qos, bool retain, long token, PublishOperation? operation)
    {
        var packetId = NextId;
        if (!_free.TryDequeue(out _) && ++_used > _slots.Length) Array.Resize(ref _slots, Math.Min(2 * _slots.Length, capacity + 1));
        ref var slot = ref _slots[packetId];
        if (slot.Packet is null || slot.Packet.Length < packet.Length) Replace(ref slot, ArrayPool<byte>.Shared.Rent(packet.Length));
        packet.Packet.AsSpan().CopyTo(slot.Packet);
        packet.Payload.CopyTo(slot.Packet.AsSpan(packet.Packet.Count));
        (slot.Length, slot.Version, slot.Retain, slot.Token, slot.Operation) = (packet.Length, version, retain, token, operation);
        (slot.State, slot.Reason, slot.Sent, slot.Order) = (qos == MqttQos.ExactlyOnce ? InFlightState.AwaitsPubRec : InFlightState.AwaitsPubAck, MqttReasonCode.Success, true, ++_order);
        Count++;
        if (qos == MqttQos.ExactlyOnce) ExactlyOnceCount++;
        _bytes += slot.Length;
    }

    /// <summary>Ends the waiting of one that waits.</summary>
    public InFlightMessage Remove(ushort packetId)
    {
        ref var slot = ref _slots[packetId];
        var message = this[packetId];
        slot.Operation = null;
        if (slot.State != InFlightState.AwaitsPubAck) ExactlyOnceCount--;
        slot.State = InFlightState.None;
        Count--;
        _bytes -= slot.Length;
        if (_keptBytes > KeptBytesLimit) Replace(ref slot, null);
        _free.Enqueue(packetId);
        return message;
    }

    /// <summary>What the message under that packet identifier waits for.</summary>
    public InFlightState StateOf(ushort packetId) => packetId < _used ? _slots[packetId].State : InFlightState.None;

    /// <summary>The message under a packet identifier.</summary>
    public InFlightMessage this[ushort packetId] => new(
        _slots[packetId].Token, _slots[packetId].Operation, _slots[packetId].Sent, _slots[packetId].Reason,
        _slots[packetId].State == InFlightState.AwaitsPubAck ? MqttQos.AtLeastOnce : MqttQos.ExactlyOnce, _slots[packetId].Retain, _slots[packetId].Length);

    /// <summary>Its PUBREC came: only PUBREL is to be sent from now on.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="reason">What PUBREC said, for whoever waits for PUBCOMP.</param>
    public void SetReceived(ushort packetId, MqttReasonCode reason)
    {
        ref var slot = ref _slots[packetId];
        (slot.State, slot.Reason) = (InFlightState.AwaitsPubComp, reason);
        _bytes -= slot.Length;
        slot.Length = 0;
    }

    /// <summary>Notes whether it was sent on the open connection; a new one is.</summary>
    public void SetSent(ushort packetId, bool sent) => _slots[packetId].Sent = sent;
    /// <summary>The encoded message, and the version that it is encoded in.</summary>
    public (byte[] Packet, int Length, MqttProtocolVersion Version) PacketOf(ushort packetId) => (_slots[packetId].Packet!, _slots[packetId].Length, _slots[packetId].Version);

    /// <summary>All packet identifiers in the order of publishing (4.6).</summary>
    public IReadOnlyList<ushort> InOrder() =>
        [.. Enumerable.Range(1, _used - 1).Where(place => _slots[place].State != InFlightState.None).OrderBy(place => _slots[place].Order).Select(place => (ushort)place)];

    public void Dispose()
    {
        for (var place = 1; place < _used; place++) Replace(ref _slots[place], null);
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
        public long Order;
        public int Length;
        public MqttProtocolVersion Version;
        public InFlightState State;
        public MqttReasonCode Reason;
        public bool Retain;
        public bool Sent;
    }
}

/// <summary>A message of ours that is, or was, in flight.</summary>
/// <param name="Token">What its publisher gave.</param>
/// <param name="Operation">Its <see cref="IMqttClient.PublishAsync"/>; null: there is none.</param>
/// <param name="Sent">It was sent on the open connection.</param>
/// <param name="Reason">What PUBREC said.</param>
/// <param name="Qos">Its QoS.</param>
/// <param name="Retain">To be retained.</param>
/// <param name="Length">Bytes of its packet; 0 once only PUBREL is to be sent.</param>
internal readonly record struct InFlightMessage(long Token, PublishOperation? Operation, bool Sent, MqttReasonCode Reason, MqttQos Qos, bool Retain, int Length);

/// <summary>What a message of ours waits for.</summary>
internal enum InFlightState : byte
{
    None,
    AwaitsPubAck,
    AwaitsPubRec,
    AwaitsPubComp,
}
