using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Channel;
using Tally.Mqtt;
using Tally.Mqtt.Transports;
using NetOptions = MQTTnet.MqttClientOptions;
using NetVersion = MQTTnet.Formatter.MqttProtocolVersion;

namespace Tally.MqttNetClient;

/// <summary>How MQTTnet is to reach the broker, for one connection: TLS and WebSocket are its own.</summary>
internal sealed class BrokerChannel(Tally.Mqtt.MqttClientOptions options, BrokerAddress broker) :
    IMqttClientStreamProvider, IMqttClientCertificatesProvider, IDisposable
{
    private readonly TlsFiles? _files = broker.IsTls ? TlsFiles.Load(options.Tls ?? new MqttTls()) : null;

    /// <summary>What is wrong with the broker's certificate; null: nothing was found.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The connection, where packets gather; null: none was made, or it is a WebSocket, where MQTTnet lets nobody in between.</summary>
    public GatheringStream? Wire { get; private set; }

    private string ServerName => options.Tls?.ServerName ?? broker.Host;

    /// <exception cref="ArgumentException">Options that MQTTnet has no place for; names them and the way out.</exception>
    public static void Check(Tally.Mqtt.MqttClientOptions options)
    {
        if (BrokerAddress.From(options) is not { IsTls: true, IsWebSocket: true } || options.Tls is not { } tls) return;
        if (tls.ServerName is not null || tls.AlpnProtocols.Count > 0)
            throw new ArgumentException("MQTT options Tls.ServerName and Tls.AlpnProtocols cannot be used with wss:// and MQTTnet: leave them out, use mqtts://, or the built-in client.");
    }

    /// <summary>Options for MQTTnet's low-level client, which looks at channel and version only.</summary>
    public NetOptions Options(Tally.Mqtt.MqttProtocolVersion version) => new()
    {
        ProtocolVersion = version == Tally.Mqtt.MqttProtocolVersion.V500 ? NetVersion.V500 : NetVersion.V311,
        Timeout = options.ConnectTimeout,
        ChannelOptions = broker.IsWebSocket
            ? new MqttClientWebSocketOptions { Uri = $"{broker.Scheme}://{broker.HostAndPort}{broker.PathAndQuery}", TlsOptions = Tls() }
            : new MqttClientTcpOptions
            {
                RemoteEndpoint = new DnsEndPoint(broker.Host, broker.Port),
                StreamProvider = this,
                TlsOptions = Tls(),
            },
    };

    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(EndPoint brokerEndPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(brokerEndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return Wire = new GatheringStream(new NetworkStream(socket, ownsSocket: true), options.GatherTime);
    }

    /// <inheritdoc/>
    public X509CertificateCollection GetCertificates() => _files?.Certificate is { } own ? [own.TargetCertificate] : [];

    /// <inheritdoc/>
    public void Dispose() => _files?.Dispose();

    private MqttClientTlsOptions Tls() => !broker.IsTls ? new MqttClientTlsOptions() : new MqttClientTlsOptions
    {
        UseTls = true,
        TargetHost = ServerName,
        TrustChain = _files?.Authorities,
        ApplicationProtocols = options.Tls?.AlpnProtocols is { Count: > 0 } protocols ? [.. protocols.Select(name => new SslApplicationProtocol(name))] : null,
        ClientCertificatesProvider = this,
        CertificateValidationHandler = IsTrusted,
        // As with the built-in client: no third server may hold up a connection.
        RevocationMode = X509RevocationMode.NoCheck,
        // Of TLS 1.2; no broker needs it, and it would write from the loop that reads.
        AllowRenegotiation = false,
    };

    private bool IsTrusted(MqttClientCertificateValidationEventArgs shown)
    {
        var (errors, chain) = (shown.SslPolicyErrors, shown.Chain);
        if (errors == SslPolicyErrors.None) return true;
        using var ours = new X509Chain();
        if (broker.IsWebSocket && _files?.Authorities is { } authorities && shown.Certificate is X509Certificate2 certificate)
        {
            // Its WebSockets know nothing of TrustChain.
            ours.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            ours.ChainPolicy.CustomTrustStore.AddRange(authorities);
            ours.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            ours.ChainPolicy.DisableCertificateDownloads = true;
            ours.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ServerAuthentication));
            foreach (var element in chain.ChainElements) ours.ChainPolicy.ExtraStore.Add(element.Certificate);
            errors &= ~SslPolicyErrors.RemoteCertificateChainErrors;
            if (!ours.Build(certificate)) errors |= SslPolicyErrors.RemoteCertificateChainErrors;
            chain = ours;
        }

        if (errors == SslPolicyErrors.None) return true;
        Refusal = CertificateRefusal.Describe(shown.Certificate, chain, errors, ServerName, options.Tls?.CaFile);
        return false;
    }

    // id-kp-serverAuth (RFC 5280, 4.2.1.12).
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
}
