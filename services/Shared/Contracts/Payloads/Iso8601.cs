namespace Tally.Contracts.Payloads;

/// <summary>
/// Times of readings: <c>2026-11-20T09:00:00.000Z</c>, ISO 8601 in the form of RFC 3339, and nothing looser. A time
/// without offset is refused: it would mean something else in another place.
/// </summary>
public static class Iso8601
{
    /// <summary>"2026-11-20T09:00:00" before fraction and offset.</summary>
    private const int DateTimeLength = 19;

    /// <summary>Reads one time.</summary>
    /// <param name="text">The time, UTF-8, nothing around it.</param>
    /// <param name="microseconds">Microseconds since 1970-01-01T00:00:00Z; what is finer is cut off, so that the same text always gives the same time.</param>
    /// <returns>False when it is no such time, or one outside <see cref="Limits.EarliestAt"/> to <see cref="Limits.LatestAt"/>.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (text.Length <= DateTimeLength
            || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':'
            || !TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..10], out var day)
            || !TryDigits(text[11..13], out var hour) || !TryDigits(text[14..16], out var minute) || !TryDigits(text[17..19], out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text[DateTimeLength..];
        if (!TryFraction(ref rest, out var fraction) || !TryOffset(rest, out var offsetMinutes)) return false;

        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks - DateTime.UnixEpoch.Ticks;
        microseconds = ticks / TimeSpan.TicksPerMicrosecond + fraction - offsetMinutes * 60_000_000L;
        return microseconds >= Limits.EarliestAt && microseconds <= Limits.LatestAt;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, out int microseconds)
    {
        microseconds = 0;
        if (rest[0] != '.') return true;

        var length = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length < 1) return false; // no digit, or no offset behind the digits
        var weight = 100_000;
        for (var i = 1; i <= length && weight > 0; i++, weight /= 10) microseconds += (rest[i] - '0') * weight;
        rest = rest[(1 + length)..];
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text is [(byte)'Z']) return true;
        if (text.Length != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')
            || !TryDigits(text[1..3], out var hours) || !TryDigits(text[4..6], out minutes) || hours > 23 || minutes > 59)
        {
            return false;
        }

        minutes = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            number = number * 10 + (digit - '0');
        }

        return true;
    }
}
