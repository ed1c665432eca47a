using System.Buffers.Binary;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>
/// Random numbers that are the same everywhere for one seed, and cheap to begin again for each case (SplitMix64), so that
/// one case among millions can be repeated alone.
/// </summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Begins again.</summary>
    public void Reset(ulong seed) => _state = seed;

    /// <summary>Any 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        var mixed = (_state ^ (_state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>From 0 up to, not including, <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Both included.</summary>
    public int Between(int lowest, int highest) => lowest + Below(highest - lowest + 1);

    /// <summary>True in that many cases of a hundred.</summary>
    public bool Percent(int percent) => Below(100) < percent;

    /// <summary>One of them.</summary>
    public T One<T>(ReadOnlySpan<T> of) => of[Below(of.Length)];

    /// <summary>A packet identifier, never 0.</summary>
    public int PacketId() => Between(1, ushort.MaxValue);

    /// <summary>Any bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (ref var value in bytes) value = (byte)Next();
    }
}
