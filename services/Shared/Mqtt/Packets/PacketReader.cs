using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Tally.Mqtt.Packets;

/// <summary>
/// Reads the fields of one packet, whose bytes are all there. A field that does not fit is a malformed packet; lengths
/// in the packet only ever make slices, never memory.
/// </summary>
internal ref struct PacketReader(ReadOnlySpan<byte> body)
{
    /// <summary>What is not read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = body;

    public readonly bool IsEmpty => Rest.IsEmpty;

    public byte ReadByte()
    {
        if (Rest.IsEmpty) ThrowTruncated();
        var value = Rest[0];
        Rest = Rest[1..];
        return value;
    }

    public ushort ReadUInt16()
    {
        if (Rest.Length < 2) ThrowTruncated();
        var value = BinaryPrimitives.ReadUInt16BigEndian(Rest);
        Rest = Rest[2..];
        return value;
    }

    public uint ReadUInt32()
    {
        if (Rest.Length < 4) ThrowTruncated();
        var value = BinaryPrimitives.ReadUInt32BigEndian(Rest);
        Rest = Rest[4..];
        return value;
    }

    /// <summary>Variable byte integer (1.5.5), in its shortest form.</summary>
    public int ReadVariableInteger()
    {
        var value = 0;
        for (var shift = 0; shift < 28; shift += 7)
        {
            var digit = ReadByte();
            value |= (digit & 0x7F) << shift;
            if (digit >= 0x80) continue;
            if (digit == 0 && shift > 0) throw Violation.Malformed("a variable byte integer is not in its shortest form");
            return value;
        }

        throw Violation.Malformed("a variable byte integer has more than four bytes");
    }

    public ReadOnlySpan<byte> ReadBytes(int length)
    {
        if (Rest.Length < length) ThrowTruncated();
        var bytes = Rest[..length];
        Rest = Rest[length..];
        return bytes;
    }

    /// <summary>Binary data (1.5.6).</summary>
    public ReadOnlySpan<byte> ReadBinary() => ReadBytes(ReadUInt16());

    /// <summary>UTF-8 encoded string (1.5.4), checked.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        var text = ReadBinary();
        if (!Utf8.IsValid(text)) throw Violation.Malformed("a string is not well-formed UTF-8 without U+0000");
        return text;
    }

    /// <summary>Packet identifier (2.2.1), never 0.</summary>
    public ushort ReadPacketId()
    {
        var id = ReadUInt16();
        if (id == 0) throw Violation.Protocol("packet identifier 0");
        return id;
    }

    /// <summary>Nothing may follow what was read.</summary>
    public readonly void ExpectEnd(PacketType type)
    {
        if (!Rest.IsEmpty) throw Violation.Malformed($"{type} has {Rest.Length} bytes too many");
    }

    [DoesNotReturn]
    private static void ThrowTruncated() => throw Violation.Malformed("a field is longer than the packet");
}
