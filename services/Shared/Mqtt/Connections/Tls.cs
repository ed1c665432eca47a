using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>
/// TLS with the broker, and its failures in the words of whoever has to mend them. With TLS 1.3 a broker looks at the client's certificate
/// only when the handshake is over for the client: so reading fails for the same reasons as the handshake.
/// </summary>
/// <remarks>
/// There is no close_notify at the end: sending one is not safe while another thread reads (OpenSSL's connection is not locked for
/// it), and DISCONNECT, which is sent before, says the same to a broker.
/// </remarks>
internal sealed class Tls : IDisposable
{
    private readonly SocketStream _wire;
    private readonly BrokerAddress _broker;
    private readonly MqttTls _options;
    private readonly TlsFiles _files;
    private readonly string _serverName;
    private string? _refusal;
    private bool _askedForCertificate;

    private Tls(SocketStream wire, BrokerAddress broker, MqttTls? options)
    {
        (_wire, _broker, _options) = (wire, broker, options ?? new MqttTls());
        _serverName = _options.ServerName ?? broker.Host;
        _files = TlsFiles.Load(_options);
        Stream = new SslStream(wire);
    }

    public SslStream Stream { get; }

    private string? OwnCertificate => _files.Certificate is { } own ? TransportException.Printable(own.TargetCertificate.Subject) : null;

    /// <summary>Shakes hands. Blocks.</summary>
    /// <exception cref="TransportException">The broker cannot be trusted, does not trust us, or does not speak TLS.</exception>
    public static Tls Open(SocketStream wire, BrokerAddress broker, MqttTls? options)
    {
        var tls = new Tls(wire, broker, options);
        try
        {
            tls.Stream.AuthenticateAsClient(tls.Options());
            return tls;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            tls.Dispose();
            throw tls.HandshakeFailed(error);
        }
    }

    /// <summary>What a failure before anything of MQTT was read was meant to say.</summary>
    public Exception Explain(Exception error)
    {
        if (TlsAlert.Find(error) is null && error is IOException and not EndOfStreamException) error = WhatWasSaid() ?? error;
        if (WhatWasMeant(error) is { } known) return known;
        return OwnCertificate is { } own && error is IOException ? new IOException($"{TransportException.Innermost(error)} (it may refuse the client's certificate '{own}')", error) : error;
    }

    public void Dispose()
    {
        Stream.Dispose();
        _files.Dispose();
    }

    // A broker that refuses the client's certificate says so and closes, perhaps before CONNECT is written; what it said can still be read.
    private IOException? WhatWasSaid()
    {
        try
        {
            Span<byte> nothing = stackalloc byte[1];
            _ = Stream.Read(nothing);
            return null;
        }
        catch (IOException error)
        {
            return TlsAlert.Find(error) is null ? null : error;
        }
    }

    private SslClientAuthenticationOptions Options()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            TrustMode = _files.Authorities is null ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
        };
        if (_files.Authorities is not null) policy.CustomTrustStore.AddRange(_files.Authorities);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = _serverName,
            ApplicationProtocols = _options.AlpnProtocols.Count == 0 ? null : [.. _options.AlpnProtocols.Select(protocol => new SslApplicationProtocol(protocol))],
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = IsTrusted,
            ClientCertificateContext = _files.Certificate,
            AllowTlsResume = false, // it would go on with the certificates of the connection before, which may have been exchanged since
            AllowRenegotiation = false, // of TLS 1.2; no broker needs it, and it would write from the thread that reads
        };
        if (_files.Certificate is null) options.LocalCertificateSelectionCallback = NoCertificate;
        return options;
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        _refusal = CertificateRefusal.Describe(certificate, chain, errors, _serverName, _options.CaFile);
        return false;
    }

    // Asked twice: before the handshake begins, and, with the broker's certificate, when the broker asks for ours.
    private X509Certificate NoCertificate(object sender, string host, X509CertificateCollection local, X509Certificate? remote, string[] issuers)
    {
        _askedForCertificate |= remote is not null;
        return null!;
    }

    private TransportException HandshakeFailed(Exception error)
    {
        if (_refusal is not null) return new TransportException(MqttReasonCode.UnspecifiedError, _refusal, error);
        if (WhatWasMeant(error) is { } known) return known;
        var isPort = $"is {_broker.Port} a port for TLS? Else write {(_broker.IsWebSocket ? "ws" : "mqtt")}:// if it is one without";
        return _wire.First switch
        {
            null => new TransportException(MqttReasonCode.ServerUnavailable, $"it closed the connection instead of answering the TLS handshake; {isPort}", error),

            // Content types of a TLS record (RFC 8446, 5.1): alert and handshake.
            not (0x15 or 0x16) => new TransportException(MqttReasonCode.ProtocolError, $"it does not answer with TLS; {isPort}", error),
            _ => new TransportException(MqttReasonCode.ServerUnavailable, $"the TLS handshake failed: {TransportException.Innermost(error)}", error),
        };
    }

    // Null: it just broke. A broker that has our first bytes unread when it closes resets the connection, and its alert is lost with that.
    private TransportException? WhatWasMeant(Exception error)
    {
        if (TlsAlert.Find(error) is { } alert)
        {
            var (reason, what) = TlsAlert.Describe(alert, _options, _serverName, OwnCertificate, _askedForCertificate);
            return new TransportException(reason, what, error);
        }

        return _askedForCertificate && OwnCertificate is null ? new TransportException(MqttReasonCode.NotAuthorized, TlsAlert.WantsCertificate.TrimEnd(), error) : null;
    }
}
