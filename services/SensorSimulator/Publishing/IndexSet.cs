using System.Numerics;

namespace Tally.SensorSimulator.Publishing;

/// <summary>A set of readings by their index in the run: one bit each, so three million readings take 375 kB.</summary>
internal sealed class IndexSet(long size)
{
    private readonly ulong[] _words = new ulong[(size + 63) / 64];

    /// <summary>Indexes go from 0 to below this.</summary>
    public long Size { get; } = size;

    /// <summary>How many are in it.</summary>
    public long Count { get; private set; }

    /// <summary>Adds one.</summary>
    /// <returns>False when it was in the set already.</returns>
    public bool Add(long index)
    {
        ref var word = ref _words[index >> 6];
        var bit = 1UL << (int)(index & 63);
        if ((word & bit) != 0) return false;
        word |= bit;
        Count++;
        return true;
    }

    /// <summary>Whether it is in the set.</summary>
    public bool Contains(long index) => (_words[index >> 6] & (1UL << (int)(index & 63))) != 0;

    /// <summary>How many are in both sets.</summary>
    public long CountCommon(IndexSet other)
    {
        var common = 0L;
        for (var i = 0; i < _words.Length; i++) common += BitOperations.PopCount(_words[i] & other._words[i]);
        return common;
    }
}
