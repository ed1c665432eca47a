using Tally.Mqtt.Transports;

namespace Tally.Mqtt;

/// <summary>Says what is wrong with <see cref="MqttTls"/> before anything is tried with it.</summary>
internal static class MqttTlsCheck
{
    // RFC 7301, 3.1: the length stands in one byte.
    private const int LongestAlpnProtocol = 255;

    /// <exception cref="ArgumentException">Names the option, its value and the way out.</exception>
    public static void Check(MqttClientOptions options)
    {
        if (options.Tls is not { } tls) return;
        var broker = BrokerAddress.From(options);

        // Whoever sets CaFile believes that nobody can listen.
        if (!broker.IsTls)
            throw new ArgumentException($"MQTT option Tls is set, but Broker is {broker.Scheme}://, which is not encrypted: use {(broker.IsWebSocket ? "wss" : "mqtts")}://, or leave Tls out.");
        if (tls.KeyFile is not null && tls.CertificateFile is null)
            throw new ArgumentException($"MQTT option Tls.KeyFile is '{tls.KeyFile}', but Tls.CertificateFile is not set: set it to the PEM file of the certificate that the key belongs to.");
        if (tls.KeyPassword is not null && tls.CertificateFile is null)
            throw new ArgumentException("MQTT option Tls.KeyPassword is set, but Tls.CertificateFile is not: set it to the PEM file of the client's certificate.");
        if (tls.ServerName is not null && Uri.CheckHostName(tls.ServerName) is not (UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6))
            throw new ArgumentException($"MQTT option Tls.ServerName is '{tls.ServerName}'; allowed: a host name or an IP address, without scheme and port.");
        foreach (var protocol in tls.AlpnProtocols)
        {
            if (protocol.Length is 0 or > LongestAlpnProtocol || !protocol.All(c => c is > ' ' and <= '~'))
                throw new ArgumentException($"MQTT option Tls.AlpnProtocols holds '{protocol}'; allowed: 1 to {LongestAlpnProtocol} printable ASCII characters each, such as x-amzn-mqtt-ca.");
        }

        try
        {
            TlsFiles.Load(tls).Dispose();
        }
        catch (TransportException error)
        {
            throw new ArgumentException(error.Message + ".", error);
        }
    }
}
