using System.Buffers.Binary;
using System.Text;
using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Storage;

public sealed class RowEncoderTests
{
    [Fact]
    public void Rows_are_as_the_documentation_of_COPY_describes_them()
    {
        var random = new Random(7);
        var batch = Batches.Random(random, 3000);
        batch.Readings[5].Value = double.NaN;
        batch.Readings[6].At = -62_135_596_800_000_000; // the year 1
        batch.Readings[7].RawText = "";
        batch.Readings[8].RawText = new string('°', 100_000); // longer than the buffer
        batch.Readings[9].RawText = "\ud800"; // half a surrogate pair: no text, and no reason to fail
        batch.Readings[10].Marks = ReadingMarks.Arrival;
        (batch.Readings[11].Marks, batch.Readings[11].RawText) = (ReadingMarks.Ahead | ReadingMarks.Replayed, "21,5");

        var rows = Decode(Encode(batch)).ToList();

        rows.Count.ShouldBe(batch.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            var reading = batch.Readings[i];
            var text = i == 9 ? "\uFFFD" : reading.RawText;
            rows[i].ShouldBe((reading.Series.Id, reading.At - 946_684_800_000_000, reading.Run.Id, reading.Seq, reading.Value, reading.Marks, text), i.ToString());
        }
    }

    [Fact]
    public void An_empty_COPY_is_a_header_and_a_trailer()
    {
        var encoder = new RowEncoder();
        encoder.Begin();
        encoder.TryEnd().ShouldBeTrue();
        Decode(encoder.Encoded.ToArray()).ShouldBeEmpty();
    }

    private static byte[] Encode(ReadingBatch batch)
    {
        var encoder = new RowEncoder();
        var sent = new MemoryStream();
        encoder.Begin();
        foreach (ref readonly var reading in batch.Readings)
        {
            if (encoder.TryAppend(reading)) continue;
            Send();
            encoder.TryAppend(reading).ShouldBeTrue();
        }

        if (!encoder.TryEnd())
        {
            Send();
            encoder.TryEnd().ShouldBeTrue();
        }

        Send();
        return sent.ToArray();

        void Send()
        {
            sent.Write(encoder.Encoded.Span);
            encoder.Clear();
        }
    }

    private static IEnumerable<(int Series, long At, int Run, long Seq, double Value, ReadingMarks Marks, string? Text)> Decode(byte[] bytes)
    {
        var at = 0;
        Take(11).ShouldBe([0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]);
        BinaryPrimitives.ReadInt32BigEndian(Take(4)).ShouldBe(0); // flags
        BinaryPrimitives.ReadInt32BigEndian(Take(4)).ShouldBe(0); // extension
        while (BinaryPrimitives.ReadInt16BigEndian(Take(2)) is var fields && fields != -1)
        {
            fields.ShouldBe((short)7);
            yield return (
                BinaryPrimitives.ReadInt32BigEndian(Field(4)),
                BinaryPrimitives.ReadInt64BigEndian(Field(8)),
                BinaryPrimitives.ReadInt32BigEndian(Field(4)),
                BinaryPrimitives.ReadInt64BigEndian(Field(8)),
                BinaryPrimitives.ReadDoubleBigEndian(Field(8)),
                Field(null) is { } marks ? (ReadingMarks)BinaryPrimitives.ReadInt16BigEndian(marks) : ReadingMarks.None,
                Field(null) is { } text ? Encoding.UTF8.GetString(text) : null);
        }

        at.ShouldBe(bytes.Length);

        byte[] Take(int count) => bytes[at..(at += count)];

        byte[]? Field(int? size)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(Take(4));
            if (size is not null) length.ShouldBe(size.Value);
            return length < 0 ? null : Take(length);
        }
    }
}
