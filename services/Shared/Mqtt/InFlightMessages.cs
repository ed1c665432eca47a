using System.Buffers;

namespace Tally.Mqtt;

/// <summary>
/// Messages of ours that wait for their acknowledgement (4.3.2), each kept encoded so that it can be sent again on the
/// next connection of the session, in the order of publishing (4.4, 4.6). The packet identifier is the place in the
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

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Packet identifier of the oldest; 0: none.</summary>
    public ushort First { get; private set; }

    /// <summary>There is a free packet identifier and memory.</summary>
    public bool HasRoom => Count < capacity && Bytes < BytesLimit;

    /// <summary>Takes a packet identifier, not the one freed last, and room for a packet behind all others.</summary>
    public Span<byte> Add(int length, long token, PublishOperation? operation, out ushort packetId)
    {
        packetId = TakeFree();
        ref var slot = ref _slots[packetId];
        if (slot.Packet is null || slot.Packet.Length < length) Replace(ref slot, ArrayPool<byte>.Shared.Rent(length));
        slot.Length = length;
        slot.Token = token;
        slot.Operation = operation;
        slot.InUse = true;
        slot.Sent = true;
        slot.Next = 0;
        slot.Previous = (ushort)_last;
        if (_last == 0) First = packetId;
        else _slots[_last].Next = packetId;
        _last = packetId;
        Count++;
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
        if (packetId >= _used || !_slots[packetId].InUse) return false;
        ref var slot = ref _slots[packetId];
        token = slot.Token;
        operation = slot.Operation;
        sent = slot.Sent;
        slot.Operation = null;
        slot.InUse = false;
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
        public bool InUse;
        public bool Sent;
    }
}
