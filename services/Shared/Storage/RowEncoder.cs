using System.Buffers.Binary;
using System.Text;

namespace Tally.Storage;

/// <summary>
/// Encodes rows in PostgreSQL's binary COPY format (documentation of COPY, "Binary Format": a header, then for each row the number of
/// fields and each field with its length, big-endian, then -1) into one buffer that is used again and again.
/// </summary>
internal sealed class RowEncoder
{
    /// <summary>Columns of a row, in their order.</summary>
    public const string Columns = "series_id, at, run_id, seq, value, marks, raw_text";

    /// <summary>Below 85,000, so not on the large object heap; a socket write of this size costs a twentieth of what it carries.</summary>
    private const int BufferSize = 64 * 1024;

    /// <summary>Microseconds from 1970, which readings count from, to 2000, which PostgreSQL counts from.</summary>
    private const long PostgresEpoch = 946_684_800_000_000;

    private const int SeriesOffset = 6;
    private const int AtOffset = 14;
    private const int RunOffset = 26;
    private const int SeqOffset = 34;
    private const int ValueOffset = 46;
    private const int MarksOffset = 54;

    /// <summary>A row without marks and text.</summary>
    public const int FixedSize = 62;

    private byte[] _buffer = new byte[BufferSize];
    private int _used;

    /// <summary>Signature, no flags, no extension.</summary>
    private static ReadOnlySpan<byte> Header =>
        [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>What every row has at the same place: the number of fields and their lengths.</summary>
    private static ReadOnlySpan<byte> EmptyRow =>
    [
        0, 7,
        0, 0, 0, 4, 0, 0, 0, 0,
        0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 4, 0, 0, 0, 0,
        0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0,
        0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF,
    ];

    /// <summary>What is encoded and not yet taken.</summary>
    public ReadOnlyMemory<byte> Encoded => _buffer.AsMemory(0, _used);

    /// <summary>Starts a COPY: empties the buffer and writes the header.</summary>
    public void Begin()
    {
        Header.CopyTo(_buffer);
        _used = Header.Length;
    }

    /// <summary>Empties the buffer after it was sent.</summary>
    public void Clear() => _used = 0;

    /// <summary>Appends one row.</summary>
    /// <returns>False: it does not fit behind what is there, and nothing was appended; send and clear first.</returns>
    public bool TryAppend(in Reading reading)
    {
        var textLength = reading.RawText is null ? 0 : Encoding.UTF8.GetByteCount(reading.RawText);
        var size = FixedSize + (reading.Marks == ReadingMarks.None ? 0 : sizeof(short)) + textLength;
        if (_used + size > _buffer.Length)
        {
            if (_used > 0) return false;
            _buffer = new byte[size]; // one text longer than the buffer
        }

        var row = _buffer.AsSpan(_used, size);
        EmptyRow.CopyTo(row);
        BinaryPrimitives.WriteInt32BigEndian(row[SeriesOffset..], reading.Series.Id);
        BinaryPrimitives.WriteInt64BigEndian(row[AtOffset..], reading.At - PostgresEpoch);
        BinaryPrimitives.WriteInt32BigEndian(row[RunOffset..], reading.Run.Id);
        BinaryPrimitives.WriteInt64BigEndian(row[SeqOffset..], reading.Seq);
        BinaryPrimitives.WriteDoubleBigEndian(row[ValueOffset..], reading.Value);
        if (reading.Marks != ReadingMarks.None || reading.RawText is not null) AppendRare(row[MarksOffset..], reading, textLength);

        _used += size;
        return true;
    }

    private static void AppendRare(Span<byte> rest, in Reading reading, int textLength)
    {
        if (reading.Marks != ReadingMarks.None)
        {
            BinaryPrimitives.WriteInt32BigEndian(rest, sizeof(short));
            BinaryPrimitives.WriteInt16BigEndian(rest[sizeof(int)..], (short)reading.Marks);
            rest = rest[sizeof(short)..];
        }

        rest = rest[sizeof(int)..];
        BinaryPrimitives.WriteInt32BigEndian(rest, reading.RawText is null ? -1 : textLength);
        if (reading.RawText is not null) Encoding.UTF8.GetBytes(reading.RawText, rest[sizeof(int)..]);
    }

    /// <summary>Ends a COPY with the trailer.</summary>
    /// <returns>False: send and clear first.</returns>
    public bool TryEnd()
    {
        if (_used + sizeof(short) > _buffer.Length) return false;
        BinaryPrimitives.WriteInt16BigEndian(_buffer.AsSpan(_used), -1);
        _used += sizeof(short);
        return true;
    }
}
