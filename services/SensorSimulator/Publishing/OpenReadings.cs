using System.Numerics;

namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// The readings that wait for an acknowledgement: found by index, walked in the order in which they were sent. All memory
/// is taken at the start, by the size of the window; nothing is allocated per reading.
/// </summary>
/// <remarks>
/// A hash table over slots, each slot also a member of one of two doubly linked lists: those on their way, in order of
/// position, and those that are lost and wait to be sent again.
/// </remarks>
internal sealed class OpenReadings
{
    /// <summary>No slot.</summary>
    public const int None = -1;

    private readonly Slot[] _slots;
    private readonly int[] _buckets;
    private readonly int _mask;
    private int _free;

    public OpenReadings(int capacity)
    {
        _slots = new Slot[capacity];
        // Open indexes lie close together, so twice the slots leave nearly every bucket with one entry.
        _buckets = new int[BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];
        _mask = _buckets.Length - 1;
        Array.Fill(_buckets, None);
        for (var i = 0; i < capacity; i++) _slots[i].Next = i + 1 < capacity ? i + 1 : None;
    }

    /// <summary>Readings without an acknowledgement.</summary>
    public int Count { get; private set; }

    /// <summary>Those on their way, the one sent longest ago first.</summary>
    public SlotList Sent { get; private set; } = SlotList.Empty;

    /// <summary>Those to be sent again, in the order in which they will be.</summary>
    public SlotList Lost { get; private set; } = SlotList.Empty;

    /// <summary>A slot's content.</summary>
    public ref Slot this[int slot] => ref _slots[slot];

    /// <summary>The slot of the reading with that index, or <see cref="None"/>.</summary>
    public int Find(long index)
    {
        var slot = _buckets[(int)index & _mask];
        while (slot != None && _slots[slot].Index != index) slot = _slots[slot].NextInBucket;
        return slot;
    }

    /// <summary>Adds a reading at the end of those on their way. There has to be a free slot.</summary>
    public int Add(long index, long position, long now)
    {
        var slot = _free;
        _free = _slots[slot].Next;
        ref var bucket = ref _buckets[(int)index & _mask];
        _slots[slot] = new Slot { Index = index, Position = position, FirstSentAt = now, NextInBucket = bucket };
        bucket = slot;
        Count++;
        Append(slot, lost: false);
        return slot;
    }

    /// <summary>Takes a reading out.</summary>
    public void Remove(int slot)
    {
        Unlink(slot);
        ref var link = ref _buckets[(int)_slots[slot].Index & _mask];
        while (link != slot) link = ref _slots[link].NextInBucket;
        link = _slots[slot].NextInBucket;
        _slots[slot] = new Slot { Index = -1, Next = _free };
        _free = slot;
        Count--;
    }

    /// <summary>Moves a reading to the end of the lost ones.</summary>
    public void Lose(int slot)
    {
        Unlink(slot);
        Append(slot, lost: true);
    }

    /// <summary>Moves a lost reading to the end of those on their way.</summary>
    public void Resend(int slot, long position)
    {
        Unlink(slot);
        _slots[slot].Position = position;
        Append(slot, lost: false);
    }

    /// <summary>Moves a reading to the front of the lost ones: it was about to be sent and was not.</summary>
    public void PutBack(int slot)
    {
        Unlink(slot);
        _slots[slot].IsLost = true;
        _slots[slot].Previous = None;
        _slots[slot].Next = Lost.First;
        if (Lost.First == None) Lost = new SlotList(slot, slot);
        else
        {
            _slots[Lost.First].Previous = slot;
            Lost = Lost with { First = slot };
        }
    }

    private void Append(int slot, bool lost)
    {
        var list = lost ? Lost : Sent;
        _slots[slot].IsLost = lost;
        _slots[slot].Previous = list.Last;
        _slots[slot].Next = None;
        if (list.Last != None) _slots[list.Last].Next = slot;
        Set(lost, new SlotList(list.First == None ? slot : list.First, slot));
    }

    private void Unlink(int slot)
    {
        var (previous, next, lost) = (_slots[slot].Previous, _slots[slot].Next, _slots[slot].IsLost);
        var list = lost ? Lost : Sent;
        if (previous == None) list = list with { First = next };
        else _slots[previous].Next = next;
        if (next == None) list = list with { Last = previous };
        else _slots[next].Previous = previous;
        Set(lost, list);
    }

    private void Set(bool lost, SlotList list)
    {
        if (lost) Lost = list;
        else Sent = list;
    }

    /// <summary>Both ends of a list of slots.</summary>
    internal readonly record struct SlotList(int First, int Last)
    {
        public static readonly SlotList Empty = new(None, None);
    }

    /// <summary>One open reading.</summary>
    internal struct Slot
    {
        /// <summary>Index in the run.</summary>
        public long Index;

        /// <summary>Position of its last sending, probes not counted.</summary>
        public long Position;

        /// <summary>Timestamp of its first sending.</summary>
        public long FirstSentAt;

        /// <summary>Probes on their way beside it.</summary>
        public int Copies;

        /// <summary>Which list it is in.</summary>
        public bool IsLost;

        public int Previous;
        public int Next;
        public int NextInBucket;
    }
}
