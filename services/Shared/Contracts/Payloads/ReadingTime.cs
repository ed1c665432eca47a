using System.Globalization;
using System.Text.RegularExpressions;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Times as devices write them: RFC 3339 and what ISO 8601 and habit make of it (a blank for the T, <c>+0100</c>, no seconds, no offset), or a
/// number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its magnitude.
/// </summary>
public static partial class ReadingTime
{
    /// <summary>Begins the reason of a time that is not understood.</summary>
    public const string NotUnderstood = "the time is not understood (RFC 3339, or s, ms, µs or ns since 1970)";

    // Seconds from 1973 to 5138; milliseconds, microseconds and nanoseconds of the same years follow without a gap.
    private const decimal LeastSeconds = 100_000_000m;
    private const decimal PastSeconds = 100_000_000_000m;

    // Longer is no time, and a stranger's text shall not be copied.
    private const int Longest = 64;

    /// <summary>Reads a time in words.</summary>
    /// <param name="text">The time, UTF-8.</param>
    /// <param name="zone">What it is told in where it has no offset.</param>
    /// <param name="microseconds">Microseconds since 1970-01-01T00:00:00Z; what is finer is cut off.</param>
    /// <returns>Null, or why it is not understood.</returns>
    public static string? Read(ReadOnlySpan<byte> text, TimeZoneInfo zone, out long microseconds)
    {
        if (Iso8601.TryRead(text, out microseconds) || TryReadNumber(text, out microseconds)) return null;
        var said = Names.Quote(text);
        if (text.Length > Longest || Loose().Match(said) is not { Success: true, Groups: var parts } || !TryDate(parts, out var local))
            return $"{NotUnderstood}: '{said}'";

        if (!parts["offset"].Success)
        {
            // An hour that a clock shows twice, or never, is no time.
            if (zone.IsAmbiguousTime(local) || zone.IsInvalidTime(local)) return $"the time has no offset, and its zone has it twice or not at all: '{said}' in {zone.Id}";
            local -= zone.GetUtcOffset(local);
        }
        else
        {
            var digits = parts["offset"].Value.Replace(":", "", StringComparison.Ordinal);
            if (digits is not ("Z" or "z"))
            {
                var (hours, minutes) = (Number(digits[1..3]), digits.Length > 3 ? Number(digits[3..5]) : 0);
                if (hours > 23 || minutes > 59) return $"{NotUnderstood}: '{said}'";
                var ticks = (digits[0] == '-' ? -1 : 1) * new TimeSpan(hours, minutes, 0).Ticks;
                if (local.Ticks - ticks < 0 || local.Ticks - ticks > DateTime.MaxValue.Ticks) return $"{NotUnderstood}: '{said}'";
                local = local.AddTicks(-ticks);
            }
        }

        microseconds = (local.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
        return null;
    }

    /// <summary>Reads a time that is a number.</summary>
    /// <param name="number">Its digits.</param>
    /// <param name="microseconds">Microseconds since 1970; what is finer is cut off.</param>
    /// <returns>Null, or why it is not understood.</returns>
    public static string? ReadNumber(ReadOnlySpan<byte> number, out long microseconds) =>
        TryReadNumber(number, out microseconds) ? null : $"{NotUnderstood}: {Names.Quote(number)}";

    /// <returns>False when it is no number, or none whose magnitude tells its unit.</returns>
    private static bool TryReadNumber(ReadOnlySpan<byte> number, out long microseconds)
    {
        microseconds = 0;
        if (number.Length > Longest || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var since)) return false;
        if (since < LeastSeconds) return false;
        var scale = 1_000_000m; // microseconds in one of it
        for (; since >= PastSeconds * (1_000_000m / scale); scale /= 1000)
        {
            if (scale < 0.01m) return false;
        }

        microseconds = (long)Math.Floor(since * scale);
        return microseconds <= Limits.LatestAt;
    }

    private static bool TryDate(GroupCollection parts, out DateTime local)
    {
        local = default;
        var (year, month, day) = (Number(parts["year"].Value), Number(parts["month"].Value), Number(parts["day"].Value));
        var (hour, minute, second) = (Number(parts["hour"].Value), Number(parts["minute"].Value), parts["second"].Success ? Number(parts["second"].Value) : 0);
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;
        local = new DateTime(year, month, day, hour, minute, second).AddTicks(Number(parts["fraction"].Value.PadRight(7, '0')[..7]));
        return true;
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})[Tt ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})(:(?<second>[0-9]{2})([.,](?<fraction>[0-9]+))?)? ?(?<offset>[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Loose();
}
