using System.Buffers.Binary;
using System.Text;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>
/// Writes packets byte by byte, right or wrong. Apart from the client's own encoder, so that a mistake in that one cannot hide
/// itself. One buffer for all cases: making ten million packets shall not be what moves the memory.
/// </summary>
internal sealed class PacketBytes
{
    private byte[] _bytes = new byte[64 * 1024];

    /// <summary>Bytes written.</summary>
    public int Count { get; private set; }

    /// <summary>What was written; to be changed in place too.</summary>
    public Span<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>Likewise, for what takes memory.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Count);

    /// <summary>Begins again.</summary>
    public void Clear() => Count = 0;

    /// <summary>Keeps only the first so many.</summary>
    public void Cut(int count) => Count = count;

    public PacketBytes Byte(int value)
    {
        Room(1)[0] = (byte)value;
        return this;
    }

    public PacketBytes UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Room(2), (ushort)value);
        return this;
    }

    public PacketBytes UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(4), value);
        return this;
    }

    /// <summary>Variable byte integer (1.5.5), in its shortest form.</summary>
    public PacketBytes Variable(int value)
    {
        for (; value >= 0x80; value >>= 7) Byte(value | 0x80);
        return Byte(value);
    }

    public PacketBytes Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        return this;
    }

    /// <summary>Binary data: two bytes of length, then the bytes (1.5.6).</summary>
    public PacketBytes Binary(ReadOnlySpan<byte> bytes) => UInt16(bytes.Length).Raw(bytes);

    /// <summary>UTF-8 string (1.5.4).</summary>
    public PacketBytes Text(string text)
    {
        UInt16(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetByteCount(text)));
        return this;
    }

    /// <summary>Random bytes.</summary>
    public PacketBytes Random(Dice dice, int count)
    {
        dice.Fill(Room(count));
        return this;
    }

    /// <summary>First byte of a packet.</summary>
    /// <returns>To be given to <see cref="End"/>.</returns>
    public int Begin(int first)
    {
        Byte(first);
        return Count;
    }

    /// <summary>Puts the right length, of what was written since, before it: Remaining Length or property length.</summary>
    public PacketBytes End(int begin)
    {
        var length = Count - begin;
        var digits = length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4;
        Room(digits);
        _bytes.AsSpan(begin, length).CopyTo(_bytes.AsSpan(begin + digits));
        var end = Count;
        Count = begin;
        Variable(length);
        Count = end;
        return this;
    }

    /// <summary>Takes out a part.</summary>
    public void Remove(int at, int count)
    {
        _bytes.AsSpan(at + count, Count - at - count).CopyTo(_bytes.AsSpan(at));
        Count -= count;
    }

    /// <summary>Makes room in the middle.</summary>
    public Span<byte> Insert(int at, int count)
    {
        var behind = Count - at;
        Room(count);
        _bytes.AsSpan(at, behind).CopyTo(_bytes.AsSpan(at + count));
        return _bytes.AsSpan(at, count);
    }

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - Count < count) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Count + count));
        var span = _bytes.AsSpan(Count, count);
        Count += count;
        return span;
    }
}
