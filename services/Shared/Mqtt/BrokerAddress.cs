namespace Tally.Mqtt;

/// <summary>Where the broker is and as whom to speak to it, taken from the options once.</summary>
internal sealed record BrokerAddress(string Host, int Port, string? UserName, string? Password)
{
    /// <summary>Port of MQTT over TCP (IANA).</summary>
    private const int DefaultPort = 1883;

    /// <summary>For messages: never holds the password.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <exception cref="ArgumentException">Not an address of this kind. The address itself is not shown: it may hold a password.</exception>
    public static BrokerAddress From(MqttClientOptions options)
    {
        var uri = options.Broker;
        if (!uri.IsAbsoluteUri || uri.Scheme != "mqtt" || uri.Host.Length == 0)
            throw new ArgumentException("Broker is not of the form mqtt://[user[:password]@]host[:port].", nameof(options));

        var separator = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
        var user = separator < 0 ? uri.UserInfo : uri.UserInfo[..separator];
        var password = separator < 0 ? null : Uri.UnescapeDataString(uri.UserInfo[(separator + 1)..]);
        return new BrokerAddress(
            uri.DnsSafeHost,
            uri.Port < 0 ? DefaultPort : uri.Port,
            options.UserName ?? (user.Length == 0 ? null : Uri.UnescapeDataString(user)),
            options.Password ?? password);
    }
}
