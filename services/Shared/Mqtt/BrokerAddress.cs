namespace Tally.Mqtt;

/// <summary>Where the broker is, how it is spoken to and as whom, taken from the options once. The host is ready for DNS and TLS; path and query are those of the WebSocket.</summary>
internal sealed record BrokerAddress(string Scheme, string Host, int Port, string PathAndQuery)
{
    private const int MqttPort = 1883, MqttsPort = 8883; // of the IANA registry; those of http and https Uri knows
    private const string DefaultPath = "/mqtt"; // of no standard, but Mosquitto takes any, and EMQX, HiveMQ and AWS this one

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
        uri.Scheme is not ("ws" or "wss") ? "" : MqttAddress.HasPath(uri.OriginalString) ? uri.PathAndQuery : DefaultPath + uri.Query);
}
