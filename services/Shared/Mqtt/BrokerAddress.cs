namespace Tally.Mqtt;

/// <summary>Where the broker is, how it is spoken to and as whom, taken from the options once.</summary>
/// <param name="Scheme">Of its URI.</param>
/// <param name="Host">Name or address, ready for DNS and for TLS.</param>
/// <param name="Port">TCP port.</param>
/// <param name="PathAndQuery">Of the WebSocket; empty without one.</param>
internal sealed record BrokerAddress(string Scheme, string Host, int Port, string PathAndQuery)
{
    // Ports of the IANA registry: mqtt, secure-mqtt; those of http and https Uri knows.
    private const int MqttPort = 1883, MqttsPort = 8883;

    // Not of any standard, but what brokers listen on: Mosquitto takes any path, EMQX, HiveMQ and AWS this one.
    private const string DefaultPath = "/mqtt";

    public string? UserName { get; init; } // null: none is sent
    public string? Password { get; init; }
    public bool IsTls => Scheme is "mqtts" or "wss";
    public bool IsWebSocket => Scheme is "ws" or "wss";
    /// <summary>Host and port, as <c>Host</c> of HTTP has them too.</summary>
    public string HostAndPort => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
    /// <summary>Path of the WebSocket for messages: without the query, which some services hide a signature in.</summary>
    public string Path => PathAndQuery.Split('?')[0];
    /// <summary>For messages: never holds the password, nor the query.</summary>
    public override string ToString() => Scheme == "mqtt" ? HostAndPort : $"{Scheme}://{HostAndPort}{Path}";

    /// <exception cref="ArgumentException">Not an address of this kind. The address itself is not shown: it may hold a password.</exception>
    public static BrokerAddress From(MqttClientOptions options)
    {
        if (!MqttAddress.TryParse(options.Broker.OriginalString, out var uri, out var problem))
            throw new ArgumentException($"MQTT option Broker {problem}.", nameof(options));
        var parts = uri.UserInfo.Split(':', 2);
        return Of(uri) with
        {
            UserName = options.UserName ?? (parts[0].Length == 0 ? null : Uri.UnescapeDataString(parts[0])),
            Password = options.Password ?? (parts.Length == 1 ? null : Uri.UnescapeDataString(parts[1])),
        };
    }

    /// <summary>Without user name and password.</summary>
    /// <param name="uri">One that <see cref="MqttAddress.TryParse"/> gave.</param>
    public static BrokerAddress Of(Uri uri) => new(
        uri.Scheme,
        Uri.UnescapeDataString(uri.IdnHost), // the scope of fe80::1%25eth0
        uri.Port > 0 ? uri.Port : uri.Scheme == "mqtts" ? MqttsPort : MqttPort,
        uri.Scheme is not ("ws" or "wss") ? "" : HasPath(uri) ? uri.PathAndQuery : DefaultPath + uri.Query);

    // Uri does not tell ws://host from ws://host/, whose path is "/": a broker may well listen there.
    private static bool HasPath(Uri uri)
    {
        var rest = uri.OriginalString.AsSpan(uri.OriginalString.IndexOf("://", StringComparison.Ordinal) + "://".Length);
        return rest.IndexOfAny('/', '?') is >= 0 and var end && rest[end] == '/';
    }
}
