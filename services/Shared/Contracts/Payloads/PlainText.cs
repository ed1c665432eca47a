using System.Globalization;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads plain text: the first number in it is the value. <c>Temperature: 23.5°C</c> is 23.5, <c>messages: 17</c> is 17.
/// </summary>
/// <remarks>
/// A number has digits, perhaps with a sign, decimals after a point, and an exponent. Digits that a letter or underscore
/// stands before belong to a name (<c>DHT22: 21.5</c> is 21.5, <c>CO2=415</c> is 415), unless the text has no other number.
/// A sign counts only where nothing of a word stands before it (<c>sensor-1</c> has no minus).
/// </remarks>
public static class PlainText
{
    /// <summary>Reads one text.</summary>
    /// <param name="text">The payload.</param>
    /// <param name="value">Its first number.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public static string? Read(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.IsEmpty) return "the payload is empty";
        if (!Names.Fits(text, Limits.RawTextBytes)) return Names.Misfit("the text", text, Limits.RawTextBytes);
        if (!TryFindNumber(text, insideWords: false, out var number) && !TryFindNumber(text, insideWords: true, out number))
            return "no number in the text";

        // U+2212 is what typesetters write for a minus; only this sign has three bytes.
        var negative = number.StartsWith("−"u8);
        if (negative) number = number["−"u8.Length..];
        if (number[0] == '+') number = number[1..];
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || !double.IsFinite(value))
            return "the number in the text is out of range";

        if (negative) value = -value;
        return null;
    }

    private static bool TryFindNumber(ReadOnlySpan<byte> text, bool insideWords, out ReadOnlySpan<byte> number)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsDigit(text[i])) continue;

            var start = i > 0 && text[i - 1] == '.' && !(i > 1 && IsWord(text[i - 2])) ? i - 1 : i;
            var end = EndOfNumber(text, i, hasPoint: start < i);
            if (insideWords || start == 0 || !IsWord(text[start - 1]))
            {
                number = text[WithSign(text, start)..end];
                return true;
            }

            i = end - 1; // the loop goes on behind the name that these digits belong to
        }

        number = default;
        return false;
    }

    private static int EndOfNumber(ReadOnlySpan<byte> text, int start, bool hasPoint)
    {
        var end = SkipDigits(text, start);
        if (!hasPoint && end + 1 < text.Length && text[end] == '.' && IsDigit(text[end + 1])) end = SkipDigits(text, end + 1);
        if (end == text.Length || (text[end] | 0x20) != 'e') return end;

        var exponent = end + 1;
        if (exponent < text.Length && text[exponent] is (byte)'+' or (byte)'-') exponent++;
        return exponent < text.Length && IsDigit(text[exponent]) ? SkipDigits(text, exponent) : end;
    }

    private static int WithSign(ReadOnlySpan<byte> text, int start)
    {
        var before = text[..start];
        var sign = before.EndsWith("-"u8) || before.EndsWith("+"u8) ? 1 : before.EndsWith("−"u8) ? "−"u8.Length : 0;
        return sign == 0 || (start > sign && IsWord(text[start - sign - 1])) ? start : start - sign;
    }

    private static int SkipDigits(ReadOnlySpan<byte> text, int start)
    {
        while (start < text.Length && IsDigit(text[start])) start++;
        return start;
    }

    private static bool IsDigit(byte character) => character is >= (byte)'0' and <= (byte)'9';

    /// <summary>Part of a word, as names of sensors have them: ASCII letters, digits, underscore.</summary>
    private static bool IsWord(byte character) =>
        IsDigit(character) || character is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or (byte)'_';
}
