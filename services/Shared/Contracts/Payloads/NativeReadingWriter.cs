using System.Buffers.Text;
using System.Globalization;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Writes the native payload: <c>{"run":"r1","seq":1,"at":"2026-11-20T09:00:00.000Z","value":23.51,"unit":"Cel"}</c>.
/// The same reading always gives the same bytes.
/// </summary>
public static class NativeReadingWriter
{
    /// <summary>Bytes that one payload takes at most, with run and unit at their limits.</summary>
    public const int MaxBytes = 192 + Limits.RunBytes + Limits.UnitBytes;

    /// <summary>Writes one reading.</summary>
    /// <param name="utf8">Room for <see cref="MaxBytes"/> bytes.</param>
    /// <param name="run">Name of the run: letters, digits, '.', '_', '-'; so nothing in it needs escaping.</param>
    /// <param name="seq">Sequence number in its series, from 1.</param>
    /// <param name="at">When it was measured, UTC; written in milliseconds.</param>
    /// <param name="value">The value; finite.</param>
    /// <param name="unit">Unit of the SenML registry, plain ASCII.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> utf8, ReadOnlySpan<byte> run, long seq, DateTime at, double value, ReadOnlySpan<byte> unit)
    {
        var rest = utf8;
        Append(ref rest, "{\"run\":\""u8);
        Append(ref rest, run);
        Append(ref rest, "\",\"seq\":"u8);
        Advance(ref rest, Utf8Formatter.TryFormat(seq, rest, out var written), written);
        Append(ref rest, ",\"at\":\""u8);
        AppendTime(ref rest, at);
        Append(ref rest, "\",\"value\":"u8);
        Advance(ref rest, value.TryFormat(rest, out written, default, CultureInfo.InvariantCulture), written);
        Append(ref rest, ",\"unit\":\""u8);
        Append(ref rest, unit);
        Append(ref rest, "\"}"u8);
        return utf8.Length - rest.Length;
    }

    private static void Append(ref Span<byte> rest, ReadOnlySpan<byte> text)
    {
        text.CopyTo(rest);
        rest = rest[text.Length..];
    }

    private static void Advance(ref Span<byte> rest, bool fits, int written)
    {
        if (!fits) throw new ArgumentException($"The payload buffer is smaller than {MaxBytes} bytes.", nameof(rest));
        rest = rest[written..];
    }

    /// <summary>yyyy-MM-ddTHH:mm:ss.fffZ, digit by digit: a format string costs ten times as much.</summary>
    private static void AppendTime(ref Span<byte> rest, DateTime at)
    {
        Digits(rest, 0, at.Year, 4);
        rest[4] = (byte)'-';
        Digits(rest, 5, at.Month, 2);
        rest[7] = (byte)'-';
        Digits(rest, 8, at.Day, 2);
        rest[10] = (byte)'T';
        Digits(rest, 11, at.Hour, 2);
        rest[13] = (byte)':';
        Digits(rest, 14, at.Minute, 2);
        rest[16] = (byte)':';
        Digits(rest, 17, at.Second, 2);
        rest[19] = (byte)'.';
        Digits(rest, 20, at.Millisecond, 3);
        rest[23] = (byte)'Z';
        rest = rest[24..];
    }

    private static void Digits(Span<byte> text, int start, int number, int count)
    {
        for (var i = start + count - 1; i >= start; i--)
        {
            text[i] = (byte)('0' + number % 10);
            number /= 10;
        }
    }
}
