using System.Buffers.Binary;

namespace Tally.EndToEnd.Tests;

/// <summary>The fields of a message in Protocol Buffers, without its schema (protobuf.dev/programming-guides/encoding): as much as OTLP needs.</summary>
internal sealed class ProtobufFields
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    private readonly ILookup<int, ReadOnlyMemory<byte>> _bytes;
    private readonly ILookup<int, ulong> _fixed;

    public ProtobufFields(ReadOnlyMemory<byte> message)
    {
        var bytes = new List<(int Field, ReadOnlyMemory<byte> Value)>();
        var fixeds = new List<(int Field, ulong Value)>();
        while (!message.IsEmpty)
        {
            var tag = ReadVarint(ref message);
            var (field, type) = ((int)(tag >> 3), (int)(tag & 7));
            switch (type)
            {
                case Varint:
                    ReadVarint(ref message);
                    break;
                case Fixed64:
                    fixeds.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(message.Span)));
                    message = message[8..];
                    break;
                case Bytes:
                    var length = (int)ReadVarint(ref message);
                    bytes.Add((field, message[..length]));
                    message = message[length..];
                    break;
                case Fixed32:
                    message = message[4..];
                    break;
                default:
                    throw new InvalidDataException($"There is no wire type {type}.");
            }
        }

        _bytes = bytes.ToLookup(one => one.Field, one => one.Value);
        _fixed = fixeds.ToLookup(one => one.Field, one => one.Value);
    }

    /// <summary>Messages under that number.</summary>
    public IEnumerable<ProtobufFields> Messages(int field) => _bytes[field].Select(one => new ProtobufFields(one));

    /// <summary>Text under that number; empty: none.</summary>
    public string Text(int field) => System.Text.Encoding.UTF8.GetString(_bytes[field].LastOrDefault().Span);

    /// <summary>Eight bytes under that number; null: there are none.</summary>
    public ulong? Fixed(int field) => _fixed.Contains(field) ? _fixed[field].Last() : null;

    private static ulong ReadVarint(ref ReadOnlyMemory<byte> message)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message.Span[0];
            message = message[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
    }
}
