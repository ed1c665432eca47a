using System.Globalization;
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
    private const string NotOneNumber = "the text is not one number with a label before it or a unit behind it: send the number by itself, or JSON";

    // Longer is no label, number and unit, and a pattern's time shall not grow with what a stranger sends.
    private const int Longest = 256;

    // A word of a label; a digit may stand within one, as in DHT22.
    private const string Word = @"\p{L}[\p{L}\p{M}\p{N}_./()-]*";

    // Every dash is a minus (Pd, and the mathematical one).
    private const string Number = @"(?<sign>[+\p{Pd}\u2212])?(?<digits>[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)";

    // Not behind the point at the end of a sentence, or in 5. for 5.0.
    private const string Exponent = @"(?<exponent>[eE][+-]?[0-9]+)?";

    // Letters and signs; a power behind them (m2, µg/m3). Not what makes a number hexadecimal.
    private const string Unit = @"(?![xXoObB][0-9])[\p{L}%‰°º*/Ω€$£](?:[\p{L}\p{M}%°*/·^²³¹⁻]|(?<=[\p{L}^])[23](?![0-9\p{L}]))*";

    /// <summary>Reads one text.</summary>
    /// <param name="payload">UTF-8, with or without a byte order mark and zeros behind; what is not UTF-8 is taken for Latin-1.</param>
    /// <param name="text">What it says, to be kept beside the value.</param>
    /// <param name="value">Its number.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public static string? Read(ReadOnlySpan<byte> payload, out string text, out double value)
    {
        (text, value) = ("", 0);
        if (payload.Length > Limits.RawTextBytes) return Names.Misfit("the text", payload, Limits.RawTextBytes);
        text = (Utf8.IsValid(payload) ? Encoding.UTF8 : Encoding.Latin1).GetString(payload).TrimStart('\uFEFF').TrimEnd('\0').Trim();
        if (text.Length == 0) return "the payload is empty";
        if (text.Contains('\0')) return "the text holds a NUL character";
        if (Encoding.UTF8.GetByteCount(text) > Limits.RawTextBytes) return $"the text is longer than {Limits.RawTextBytes} bytes";
        if (State(text) is { } state)
        {
            value = state;
            return null;
        }

        if (!text.AsSpan().ContainsAnyInRange('0', '9')) return "no number in the text";
        if (text.Length > Longest || Whole().Match(text) is not { Success: true, Groups: var parts }) return NotOneNumber;
        if (Plain(parts["digits"].Value, out var problem) is not { } plain) return problem;
        if (!double.TryParse(plain + parts["exponent"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || !double.IsFinite(value))
            return "the number in the text is out of range";
        if (parts["sign"].Value is not ("" or "+")) value = -value;
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
            if (Thousands().IsMatch(digits)) problem = $"{digits} can mean {digits.Replace(",", "")} or {digits.Replace(',', '.')}: send it with a decimal point, or without a separator";
            return problem is null ? digits.Replace(',', '.') : null;
        }

        // Groups of three, and then perhaps the decimals behind the other sign.
        if (English().IsMatch(digits)) return digits.Replace(",", "");
        if (commas == 1 && Continental().IsMatch(digits)) return digits.Replace(".", "").Replace(',', '.');
        problem = NotOneNumber; // an address or a version
        return null;
    }

    [GeneratedRegex($@"^(?:{Word}(?:\s+{Word})*(?:\s*[:=]\s*|\s+))?{Number}(?:\.|{Exponent}(?:\s*(?:(?:%|°|deg|degrees)\s+)?{Unit})?)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Whole();

    [GeneratedRegex(@"^[1-9][0-9]{0,2},[0-9]{3}$")]
    private static partial Regex Thousands();

    [GeneratedRegex(@"^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$")]
    private static partial Regex English();

    [GeneratedRegex(@"^[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?$")]
    private static partial Regex Continental();
}
