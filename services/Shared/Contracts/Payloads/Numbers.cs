using System.Globalization;
using System.Text;

namespace Tally.Contracts.Payloads;

/// <summary>Numbers in decimal digits, and what a double makes of them.</summary>
internal static class Numbers
{
    /// <summary>Every number of so many digits comes back from a double as it was.</summary>
    private const int SureDigits = 15;

    /// <summary>Reads a number as JSON writes it (RFC 8259, 6).</summary>
    /// <param name="number">The number, nothing around it.</param>
    /// <param name="value">The nearest double.</param>
    /// <param name="text">The number itself, where the double is another one; else null.</param>
    /// <returns>False when it is no such number, or too large or too small for a double.</returns>
    public static bool TryRead(ReadOnlySpan<byte> number, out double value, out string? text)
    {
        text = null;
        if (!double.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
            || !double.IsFinite(value))
        {
            return false;
        }

        // 2^53 has 16 digits, and what is longer than 17 is no double's shortest form. Few numbers get as far as this.
        if (number.Length > SureDigits && Digits(number) is var digits && digits.Length > SureDigits
            && digits != Digits(Encoding.UTF8.GetBytes(value.ToString("R", CultureInfo.InvariantCulture))))
        {
            text = Encoding.UTF8.GetString(number);
        }

        return value != 0 || Digits(number).Length == 0;
    }

    /// <summary>The digits that count: without sign, point, exponent, and zeros at either end.</summary>
    private static string Digits(ReadOnlySpan<byte> number)
    {
        var exponent = number.IndexOfAny((byte)'e', (byte)'E');
        if (exponent >= 0) number = number[..exponent];
        return Encoding.UTF8.GetString(number).TrimStart('+', '-').Replace(".", "", StringComparison.Ordinal).Trim('0');
    }
}
