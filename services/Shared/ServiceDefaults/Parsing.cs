using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Tally.Mqtt;

namespace Tally.ServiceDefaults;

/// <summary>Makes options of command lines, whose errors name the option, the value and what is allowed.</summary>
public static class Parsing
{
    /// <summary>A whole number.</summary>
    public static Option<long> Whole(string name, string description, long byDefault, long min, long max) => Make(
        name, min == long.MinValue ? description : string.Create(CultureInfo.InvariantCulture, $"{description.TrimEnd('.')} ({min:N0} to {max:N0})."), _ => byDefault,
        (string text, out long value) => long.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        string.Create(CultureInfo.InvariantCulture, $"a whole number from {min:N0} to {max:N0}"));

    /// <summary>A number.</summary>
    public static Option<double> Number(string name, string description, double byDefault, double min, double max) => Make(
        name, description, _ => byDefault,
        (string text, out double value) => double.TryParse(text, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out value) && value >= min && value <= max,
        string.Create(CultureInfo.InvariantCulture, $"a number from {min:N0} to {max:N0}"));

    /// <summary>A time: a number with ms, s, m or h; without a unit, seconds. Whole milliseconds.</summary>
    public static Option<TimeSpan> Time(string name, string description, TimeSpan byDefault, TimeSpan min, TimeSpan max) => Make(
        name, description, _ => byDefault,
        (string text, out TimeSpan value) => TryParseTime(text, out value) && value >= min && value <= max,
        $"a time from {Describe(min)} to {Describe(max)}, in whole milliseconds, such as 250ms, 10s, 2m or 1h (without a unit: seconds)");

    /// <summary>Any text that satisfies a condition.</summary>
    public static Option<string?> Text(string name, string description, Func<string, bool> isValid, string allowed) => Make(
        name, description, _ => null, (string text, out string? value) => isValid(value = text), allowed);

    /// <summary>The address of the broker, looked at together with <see cref="MqttSettings"/> of the environment. It may hold a password, so an error does not repeat it.</summary>
    public static Option<Uri?> Broker(string name, string description, string environment)
    {
        return WithEnvironment(name, $"{description} {MqttAddress.Expected}", environment, Parse);

        Uri? Parse(ArgumentResult result, string? text)
        {
            if (!MqttAddress.TryParse(text, out var address, out var problem))
            {
                result.AddError($"{name} (or environment {environment}) {problem}");
                return null;
            }

            try
            {
                MqttSettings.FromEnvironment().Check(address);
            }
            catch (ArgumentException error)
            {
                result.AddError($"{error.Message} (environment Mqtt__Tls__…)");
            }

            return address;
        }
    }

    /// <summary>An address. It may hold a password, so an error does not repeat it.</summary>
    public static Option<Uri?> Address(string name, string description, string environment, string allowed, params string[] schemes)
    {
        return WithEnvironment(name, description, environment, Parse);

        Uri? Parse(ArgumentResult result, string? text)
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var address) && schemes.Contains(address.Scheme) && address.Host.Length > 0) return address;
            result.AddError(string.IsNullOrEmpty(text)
                ? $"{name} is missing: expected {allowed} (or environment {environment})"
                : $"{name} (or environment {environment}) is no address: expected {allowed}");
            return null;
        }
    }

    /// <summary>Reads what <see cref="Time"/> takes.</summary>
    public static bool TryParseTime(string text, out TimeSpan time)
    {
        var (unit, length) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (TimeSpan.FromMilliseconds(1), 2),
            _ when text.EndsWith('s') => (TimeSpan.FromSeconds(1), 1),
            _ when text.EndsWith('m') => (TimeSpan.FromMinutes(1), 1),
            _ when text.EndsWith('h') => (TimeSpan.FromHours(1), 1),
            _ => (TimeSpan.FromSeconds(1), 0),
        };
        time = default;
        if (!decimal.TryParse(text[..^length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        if (number > 1_000_000_000) return false; // beyond every limit, and before it overflows
        var ticks = number * unit.Ticks;
        if (ticks != decimal.Truncate(ticks) || (long)ticks % TimeSpan.TicksPerMillisecond != 0) return false;
        time = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    private static string Describe(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => $"{time.TotalMilliseconds:0}ms",
        { TotalMinutes: < 1 } => $"{time.TotalSeconds:0.###}s",
        { TotalHours: < 1 } => $"{time.TotalMinutes:0.###}m",
        _ => $"{time.TotalHours:0.###}h",
    };

    /// <summary>An option that the environment may give; both are read alike.</summary>
    private static Option<Uri?> WithEnvironment(string name, string description, string environment, Func<ArgumentResult, string?, Uri?> parse) => new(name)
    {
        Description = $"{description} (default: environment {environment})",
        DefaultValueFactory = result => parse(result, Environment.GetEnvironmentVariable(environment)),
        CustomParser = result => parse(result, result.Tokens.Count == 1 ? result.Tokens[0].Value : null),
    };

    private delegate bool TryParse<T>(string text, out T value);

    private static Option<T> Make<T>(string name, string description, Func<ArgumentResult, T> byDefault, TryParse<T> parse, string allowed) => new(name)
    {
        Description = description,
        DefaultValueFactory = byDefault,
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Join(' ', result.Tokens.Select(token => token.Value));
            if (parse(text, out var value)) return value;
            result.AddError($"{name} is '{text}': expected {allowed}");
            return value;
        },
    };
}
