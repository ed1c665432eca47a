using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tally.Mqtt;

/// <summary>
/// Addresses of brokers: <c>mqtt://</c> (port 1883), <c>mqtts://</c> (TLS, 8883), <c>ws://</c> (WebSocket, 80) and
/// <c>wss://</c> (WebSocket over TLS, 443). A WebSocket address has a path, <c>/mqtt</c> by default.
/// </summary>
public static class MqttAddress
{
    /// <summary>What is expected where an address is.</summary>
    public const string Expected =
        "mqtt://[user[:password]@]host[:port], or the same with mqtts:// (TLS), ws:// (WebSocket) or wss:// (WebSocket over TLS)";

    private const string ToEncode =
        "holds a character that has to be percent-encoded in a user name or password: % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, # as %23";

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address as a person wrote it.</param>
    /// <param name="address">The address.</param>
    /// <param name="problem">
    /// What is wrong with it, to be put behind the name of the setting: "has no scheme: expected …". Shows no part of the text that
    /// could be of a password, also where the text was split wrongly because a character of it was not encoded.
    /// </param>
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

    private static string? Problem(string text)
    {
        if (text.Length == 0) return $"is missing: expected {Expected}";
        var schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeEnd <= 0) return $"has no scheme: expected {Expected}";
        var scheme = text[..schemeEnd].ToLowerInvariant();
        if (scheme is not ("mqtt" or "mqtts" or "ws" or "wss")) return $"has an unknown scheme{Show(scheme)}: expected {Expected}";

        var rest = text.AsSpan(schemeEnd + "://".Length);
        var authorityEnd = rest.IndexOfAny('/', '?', '#');
        var authority = authorityEnd < 0 ? rest : rest[..authorityEnd];
        var tail = authorityEnd < 0 ? [] : rest[authorityEnd..];
        var at = authority.LastIndexOf('@');
        if (tail.Contains('@') || authority.Count('@') > 1 || HasStrayPercent(authority[..Math.Max(at, 0)])) return ToEncode;
        if (tail.Contains('#')) return "holds '#', which an address of a broker has no use for (in a user name or password it is written %23)";
        if (scheme is "mqtt" or "mqtts" && tail is not ("" or "/")) return "has a path or a query, as only ws:// and wss:// have";
        return HostProblem(authority[(at + 1)..]);
    }

    private static string? HostProblem(ReadOnlySpan<char> hostAndPort)
    {
        var colon = hostAndPort.LastIndexOf(':');
        if (colon < hostAndPort.LastIndexOf(']')) colon = -1; // of an IPv6 address
        var host = colon < 0 ? hostAndPort : hostAndPort[..colon];
        if (host.IsEmpty) return $"names no host: expected {Expected}";
        if (colon < 0) return null;
        var port = hostAndPort[(colon + 1)..];
        if (ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0) return null;

        // user:password without @host looks like host:port; so only what is a number is shown.
        return port.ContainsAnyExceptInRange('0', '9') || port.IsEmpty
            ? $"has a port that is no number, or lacks '@host': expected {Expected}"
            : $"has the port '{port}': expected 1 to 65535";
    }

    // Nearly always a word like tcp; anything else would only make the line hard to read.
    private static string Show(string scheme) =>
        scheme.Length <= 16 && scheme.All(char.IsAsciiLetterOrDigit) ? $" '{scheme}'" : "";

    private static bool HasStrayPercent(ReadOnlySpan<char> userInfo)
    {
        for (var index = userInfo.IndexOf('%'); index >= 0;)
        {
            if (userInfo.Length < index + 3 || !char.IsAsciiHexDigit(userInfo[index + 1]) || !char.IsAsciiHexDigit(userInfo[index + 2])) return true;
            var next = userInfo[(index + 1)..].IndexOf('%');
            index = next < 0 ? -1 : index + 1 + next;
        }

        return false;
    }
}
