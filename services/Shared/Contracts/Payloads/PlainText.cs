using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads plain text: one number, with a label before it or a unit behind it or neither, and nothing else. <c>Temperature: 23.5°C</c> is 23.5,
/// <c>messages: 17</c> is 17, <c>21,5 °C</c> is 21.5, <c>ON</c>, <c>true</c> and <c>open</c> are 1 and their opposites 0. What can mean two things is
/// refused, and so is any text with more in it: a date, a version, an address, two numbers. Digits joined to letters are never a value.
/// </summary>
public static partial class PlainText
{
    private const string NotOneNumber = "the text is not one number with a label before it or a unit behind it";

    // Longer is no label, number and unit, and a pattern's time shall not grow with what a stranger sends.
    private const int Longest = 256;

    // A word of a label; a digit may stand within one, as in DHT22.
    private const string Word = @"\p{L}[\p{L}\p{M}\p{N}_./()-]*";

    // Every dash is a minus (Pd, and the mathematical one).
    private const string Number = @"(?<sign>[+\p{Pd}\u2212])?(?<digits>[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)";

    // Not behind the point at the end of a sentence, or in 5. for 5.0.
    private const string Exponent = @"(?<exponent>[eE][+-]?[0-9]+)?";

    // Letters and signs; a power behind them (m2, µg/m3). Not what makes a number hexadecimal.
    private const string Unit = @"(?![xXoObB][0-9])[\p{L}%‰°℃℉º*/Ω€$£](?:[\p{L}\p{M}%°*/·^²³¹⁻]|(?<=[\p{L}^])[23](?![0-9\p{L}]))*";

    /// <summary>Reads one text: as a number with a label or a unit, or in the way that its source's pattern says.</summary>
    /// <param name="payload">UTF-8, with or without a byte order mark and zeros behind; what is not UTF-8 is taken for Latin-1.</param>
    /// <param name="settings">Has the pattern, and the time zone of its times.</param>
    /// <param name="readings">Gets the reading; its metric is the topic's own unless the pattern finds one.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public static string? Read(ReadOnlySpan<byte> payload, DecodeSettings settings, DecodedReadings readings)
    {
        if (settings.Pattern is not null) return ReadPattern(payload, settings, readings);
        return Read(payload, out var text, out var value, out var unit) ?? readings.Add(default, default, Encoding.UTF8.GetBytes(unit), value, text);
    }

    /// <summary>Reads one text.</summary>
    /// <param name="payload">UTF-8, with or without a byte order mark and zeros behind; what is not UTF-8 is taken for Latin-1.</param>
    /// <param name="text">What it says, to be kept beside the value.</param>
    /// <param name="value">Its number.</param>
    /// <param name="unit">Its unit (<see cref="Units.Normalize"/>); empty when it has none.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    internal static string? Read(ReadOnlySpan<byte> payload, out string text, out double value, out string unit)
    {
        (value, unit) = (0, "");
        if (Decode(payload, out text) is { } unreadable) return unreadable;
        if (State(text) is { } state)
        {
            value = state;
            return null;
        }

        if (!text.AsSpan().ContainsAnyInRange('0', '9')) return "no number in the text";
        if (text.Length > Longest || Whole().Match(text) is not { Success: true, Groups: var parts }) return NotOneNumber;
        unit = Units.Normalize(parts["unit"].Value);
        return ReadNumber(parts["sign"].Value, parts["digits"].Value, parts["exponent"].Value, out value);
    }

    private static string? ReadPattern(ReadOnlySpan<byte> payload, DecodeSettings settings, DecodedReadings readings)
    {
        if (Decode(payload, out var text) is { } unreadable) return unreadable;
        if (settings.Pattern!.Match(text) is not { Success: true, Groups: var parts }) return "the text does not match the pattern of its source";
        if (!TryReadBare(Encoding.UTF8.GetBytes(parts["value"].Value), out var value, out _, out var problem)) problem = "what the pattern finds is no number";
        long at = 0;
        if (parts["time"].Success) problem ??= ReadingTime.Read(Encoding.UTF8.GetBytes(parts["time"].Value), settings.TimeZone, out at);
        problem ??= readings.Add(default, Encoding.UTF8.GetBytes(parts["metric"].Value), Encoding.UTF8.GetBytes(Units.Normalize(parts["unit"].Value)), value, text);
        if (problem is null && parts["time"].Success) readings.SetTime(readings.Count - 1, at);
        return problem;
    }

    /// <summary>Reads a text that is a number by itself, or a word for 1 or 0.</summary>
    /// <param name="utf8">The text; valid UTF-8.</param>
    /// <param name="value">Its number.</param>
    /// <param name="exact">The text, where a double does not hold its number; else null.</param>
    /// <param name="problem">Why the number cannot be stored, or null.</param>
    /// <returns>False when it is another text.</returns>
    internal static bool TryReadBare(ReadOnlySpan<byte> utf8, out double value, out string? exact, out string? problem)
    {
        (value, exact, problem) = (0, null, null);
        if (utf8.Length is 0 or > Longest) return false;
        var text = Encoding.UTF8.GetString(utf8).Trim();
        if (State(text) is { } state)
        {
            value = state;
            return true;
        }

        // A zero before other digits makes an identifier of them.
        if (Bare().Match(text) is not { Success: true, Groups: var parts } || parts["digits"].Value is ['0', >= '0' and <= '9', ..]) return false;
        problem = ReadNumber(parts["sign"].Value, parts["digits"].Value, "", out value);
        if (problem == NotOneNumber) return false;
        if (problem is null && text.Length > 15) Numbers.TryRead(Encoding.UTF8.GetBytes(text), out _, out exact);
        return true;
    }

    private static string? Decode(ReadOnlySpan<byte> payload, out string text)
    {
        text = "";
        if (payload.Length > Limits.RawTextBytes) return Names.Misfit("the text", payload, Limits.RawTextBytes);
        text = (Utf8.IsValid(payload) ? Encoding.UTF8 : Encoding.Latin1).GetString(payload).TrimStart('\uFEFF').TrimEnd('\0').Trim();
        if (text.Length == 0) return "the payload is empty";
        if (text.Contains('\0')) return "the text holds a NUL character";
        return Encoding.UTF8.GetByteCount(text) > Limits.RawTextBytes ? $"the text is longer than {Limits.RawTextBytes} bytes" : null;
    }

    private static string? ReadNumber(string sign, string digits, string exponent, out double value)
    {
        value = 0;
        if (Plain(digits, out var problem) is not { } plain) return problem;
        if (!Numbers.TryRead(Encoding.UTF8.GetBytes(plain + exponent), out value, out _)) return "out of the range of a double: the number in the text";
        if (sign is not ("" or "+")) value = -value;
        return null;
    }

    private static double? State(string text) => text.ToUpperInvariant() switch
    {
        "ON" or "TRUE" or "OPEN" => 1,
        "OFF" or "FALSE" or "CLOSED" => 0,
        _ => null,
    };

    /// <summary>Digits with a decimal point, where points and commas can mean one thing only; else why not.</summary>
    private static string? Plain(string digits, out string? problem)
    {
        problem = null;
        var (points, commas) = (digits.Count(c => c == '.'), digits.Count(c => c == ','));
        if (commas == 0 && points <= 1) return digits;
        if (commas == 1 && points == 0)
        {
            // 1,234 is a thousand and more where English is written, and a little more than one elsewhere.
            if (Thousands().IsMatch(digits)) problem = $"the number can mean two things, send it with a decimal point or without a separator: {digits} is {digits.Replace(",", "")} or {digits.Replace(',', '.')}";
            return problem is null ? digits.Replace(',', '.') : null;
        }

        // Groups of three, and then perhaps the decimals behind the other sign.
        if (English().IsMatch(digits)) return digits.Replace(",", "");
        if (commas == 1 && Continental().IsMatch(digits)) return digits.Replace(".", "").Replace(',', '.');
        problem = NotOneNumber; // an address or a version
        return null;
    }

    [GeneratedRegex($@"^(?:{Word}(?:\s+{Word})*(?:\s*[:=]\s*|\s+))?{Number}(?:\.|{Exponent}(?:(?:\s+|(?!\p{{L}}))(?<unit>(?:(?:%|°|deg|degrees)\s+)?{Unit}))?)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();

    [GeneratedRegex($"^{Number}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Bare();

    [GeneratedRegex(@"^[1-9][0-9]{0,2},[0-9]{3}$")]
    private static partial Regex Thousands();

    [GeneratedRegex(@"^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$")]
    private static partial Regex English();

    [GeneratedRegex(@"^[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?$")]
    private static partial Regex Continental();
}
