using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Tally.Mqtt;

/// <summary>
/// Addresses of brokers: <c>mqtt://</c> (port 1883), <c>mqtts://</c> (TLS, 8883), <c>ws://</c> (WebSocket, 80) and
/// <c>wss://</c> (WebSocket over TLS, 443). A WebSocket address has a path, <c>/mqtt</c> by default.
/// </summary>
public static partial class MqttAddress
{
    /// <summary>What is expected where an address is.</summary>
    public const string Expected = "mqtt://[user[:password]@]host[:port], or the same with mqtts:// (TLS), ws:// (WebSocket) or wss:// (WebSocket over TLS)";

    private const string ToEncode =
        "holds a character that has to be percent-encoded in a user name or password: % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23";

    /// <summary>Reads an address as a person wrote it.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">What is wrong, to be put behind the name of the setting: "has no scheme: expected …". Shows nothing that could be of a password, also where a character of it was not encoded.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? address, [NotNullWhen(false)] out string? problem)
    {
        text = text?.Trim() ?? "";
        address = null;
        problem = Problem(text);
        if (problem is not null) return false;
        if (Uri.TryCreate(text, UriKind.Absolute, out address) && address.Host.Length > 0) return true;
        problem = $"has a host that cannot be read: expected {Expected}";
        return false;
    }

    /// <summary>The address for a person: without user name, password and query. <c>mqtt://</c> is left out.</summary>
    public static string Describe(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return TryParse(address.OriginalString, out _, out _) ? BrokerAddress.Of(address).ToString() : "…";
    }

    // Uri does not tell ws://host from ws://host/, whose path is "/": a broker may well listen there.
    internal static bool HasPath(string text) => Parts().Match(text).Groups["tail"].Value.StartsWith('/');

    private static string? Problem(string text)
    {
        if (text.Length == 0) return $"is missing: expected {Expected}";
        if (Parts().Match(text) is not { Success: true, Groups: var parts }) return $"has no scheme: expected {Expected}";
        var (scheme, user, host, tail) = (parts["scheme"].Value.ToLowerInvariant(), parts["user"].Value, parts["host"].Value, parts["tail"].Value);

        // Nearly always a word like tcp; anything else would only make the line hard to read.
        if (scheme is not ("mqtt" or "mqtts" or "ws" or "wss"))
            return $"has an unknown scheme{(scheme.Length <= 16 && scheme.All(char.IsAsciiLetterOrDigit) ? $" '{scheme}'" : "")}: expected {Expected}";
        if (tail.Contains('@') || user.Contains('@') || StrayPercent().IsMatch(user)) return ToEncode;
        if (tail.Contains('#')) return "holds '#', which an address of a broker has no use for (in a user name or password it is written %23)";
        if (scheme is "mqtt" or "mqtts" && tail is not ("" or "/")) return "has a path or a query, as only ws:// and wss:// have";
        if (host.Length == 0) return $"names no host: expected {Expected}";
        if (!parts["port"].Success || (ushort.TryParse(parts["port"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)) return null;

        // user:password without @host looks like host:port; so only what is a number is shown.
        return parts["port"].Value is { Length: > 0 } number && number.All(char.IsAsciiDigit)
            ? $"has the port '{number}': expected 1 to 65535" : $"has a port that is no number, or lacks '@host': expected {Expected}";
    }

    [GeneratedRegex(@"^(?<scheme>[^/]+?)://((?<user>[^/?#]*)@)?(?<host>\[[^/?#]*\]|[^/?#]*?)(:(?<port>[^/?#:]*))?(?<tail>[/?#].*)?$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Parts();

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})")]
    private static partial Regex StrayPercent();
}
