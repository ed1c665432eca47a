using System.Text.RegularExpressions;

namespace Tally.Contracts.Payloads;

/// <summary>Units as people write them, in the words of SenML's registry (RFC 8428, 12.1) where it has one that can be meant.</summary>
public static partial class Units
{
    /// <summary>The unit without blanks; every way to write degrees Celsius is <c>Cel</c>, every way to write degrees Fahrenheit is <c>°F</c>, others stay as they are.</summary>
    public static string Normalize(string unit)
    {
        var words = Blanks().Replace(unit, "");
        if (Degrees().Match(words) is { Success: true, Groups: var parts }) return parts["scale"].Value[0] is 'C' or 'c' ? "Cel" : "°F";
        return words.ToUpperInvariant() switch
        {
            "℃" or "CELSIUS" => "Cel",
            "℉" or "FAHRENHEIT" => "°F",
            _ => words,
        };
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    // A bare C is a coulomb, a bare F a farad.
    [GeneratedRegex(@"^(°|º|\*|deg|degree|degrees)(?<scale>C|F|Celsius|Fahrenheit|c|f)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Degrees();
}
