namespace Tally.Mqtt;

/// <summary>Where the broker is, how it is spoken to and as whom, taken from the options once.</summary>
internal sealed record BrokerAddress
{
    // Ports of the IANA registry: mqtt, secure-mqtt, http, https.
    private const int MqttPort = 1883;
    private const int MqttsPort = 8883;

    // Not of any standard, but what brokers listen on: Mosquitto takes any path, EMQX, HiveMQ and AWS this one.
    private const string DefaultPath = "/mqtt";

    /// <summary>Scheme of its URI.</summary>
    public required string Scheme { get; init; }
    /// <summary>Name or address, ready for DNS and for TLS.</summary>
    public required string Host { get; init; }
    /// <summary>TCP port.</summary>
    public required int Port { get; init; }
    /// <summary>Path and query of the WebSocket; empty without one.</summary>
    public required string PathAndQuery { get; init; }
    /// <summary>Null: none is sent.</summary>
    public string? UserName { get; init; }
    /// <summary>Null: none is sent.</summary>
    public string? Password { get; init; }
    /// <summary>Spoken to over TLS.</summary>
    public bool IsTls => Scheme is "mqtts" or "wss";
    /// <summary>Spoken to over a WebSocket (6).</summary>
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

        var separator = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
        var user = separator < 0 ? uri.UserInfo : uri.UserInfo[..separator];
        var password = separator < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[(separator + 1)..]);
        return Of(uri) with
        {
            UserName = options.UserName ?? (user.Length == 0 ? null : Uri.UnescapeDataString(user)),
            Password = options.Password ?? password,
        };
    }

    /// <summary>Without user name and password.</summary>
    /// <param name="uri">One that <see cref="MqttAddress.TryParse"/> gave.</param>
    public static BrokerAddress Of(Uri uri) => new()
    {
        Scheme = uri.Scheme,
        Host = Uri.UnescapeDataString(uri.IdnHost), // the scope of fe80::1%25eth0
        Port = uri.Port > 0 ? uri.Port : uri.Scheme == "mqtts" ? MqttsPort : MqttPort,
        PathAndQuery = uri.Scheme is not ("ws" or "wss") ? "" : HasPath(uri) ? uri.PathAndQuery : DefaultPath + uri.Query,
    };

    // Uri does not tell ws://host from ws://host/, whose path is "/": a broker may well listen there.
    private static bool HasPath(Uri uri)
    {
        var rest = uri.OriginalString.AsSpan(uri.OriginalString.IndexOf("://", StringComparison.Ordinal) + "://".Length);
        var end = rest.IndexOfAny('/', '?');
        return end >= 0 && rest[end] == '/';
    }
}
