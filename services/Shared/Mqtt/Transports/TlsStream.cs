using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Transports;

/// <summary>
/// TLS over a blocking stream, and its failures in the words of whoever has to mend them. With TLS 1.3 a broker looks at the client's
/// certificate only when the handshake is over for the client: so reading fails for the same reasons as the handshake.
/// </summary>
/// <remarks>
/// There is no close_notify at the end: sending one is not safe while another thread reads (OpenSSL's connection is not locked for
/// it), and DISCONNECT, which is sent before, says the same to a broker.
/// </remarks>
internal sealed class TlsStream : BlockingStream
{
    private readonly FirstByteStream _wire;
    private readonly SslStream _ssl;
    private readonly BrokerAddress _broker;
    private readonly MqttTls _tls;
    private readonly TlsFiles _files;
    private readonly string _serverName;
    private string? _refusal;
    private bool _askedForCertificate;
    private bool _anythingRead;

    private TlsStream(Stream wire, BrokerAddress broker, MqttTls? tls)
    {
        (_broker, _tls) = (broker, tls ?? new MqttTls());
        _serverName = _tls.ServerName ?? broker.Host;
        _files = TlsFiles.Load(_tls);
        _wire = new FirstByteStream(wire);
        _ssl = new SslStream(_wire);
    }

    /// <summary>Shakes hands. Blocks. The stream below is closed with this one, and is the caller's where it fails.</summary>
    /// <exception cref="TransportException">It cannot be trusted, does not trust us, or does not speak TLS.</exception>
    public static TlsStream Open(Stream wire, BrokerAddress broker, MqttTls? tls)
    {
        var stream = new TlsStream(wire, broker, tls);
        try
        {
            stream._ssl.AuthenticateAsClient(stream.Options());
            return stream;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            stream.Dispose();
            throw stream.HandshakeFailed(error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            var count = _ssl.Read(buffer);
            if (count == 0 && LacksCertificate)
                throw new IOException("it closed the connection; it asked for a client certificate in the TLS handshake, and none is set: perhaps set Tls.CertificateFile and Tls.KeyFile");
            _anythingRead = true;
            return count;
        }
        catch (IOException error) when (error is not TransportException)
        {
            throw Failed(error);
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _ssl.Write(buffer);
        }
        catch (IOException error)
        {
            throw Failed(_anythingRead ? error : WhatWasSaid() ?? error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ssl.Dispose();
            _files.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// A broker that refuses the client's certificate says so and closes, perhaps before CONNECT is written; what it said can still be
    /// read. Up to CONNACK there is only one thread, so nobody else is reading.
    /// </summary>
    private IOException? WhatWasSaid()
    {
        try
        {
            Span<byte> nothing = stackalloc byte[1];
            _ = _ssl.Read(nothing);
            return null;
        }
        catch (IOException error)
        {
            return TlsAlert.Find(error) is null ? null : error;
        }
    }

    private string? OwnCertificate => _files.Certificate is { } own ? Printable.Of(own.TargetCertificate.Subject) : null;

    // A broker that has the client's first bytes unread when it closes resets the connection, and its alert is lost with that. One that
    // closes in good order without an alert has another reason, most likely, but for a hint it will do.
    private bool LacksCertificate => !_anythingRead && _askedForCertificate && _files.Certificate is null;

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
            ApplicationProtocols = _tls.AlpnProtocols.Count == 0 ? null : [.. _tls.AlpnProtocols.Select(protocol => new SslApplicationProtocol(protocol))],
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = IsTrusted,
            ClientCertificateContext = _files.Certificate,

            // A resumed session would go on with the certificates of the one before, which may have been exchanged since.
            AllowTlsResume = false,

            // Of TLS 1.2; no broker needs it, and it would write from the thread that reads.
            AllowRenegotiation = false,
        };
        if (_files.Certificate is null) options.LocalCertificateSelectionCallback = NoCertificate;
        return options;
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        _refusal = CertificateRefusal.Describe(certificate, chain, errors, _serverName, _tls.CaFile);
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
        var plain = $"write {(_broker.IsWebSocket ? "ws" : "mqtt")}:// if it is one without";
        return _wire.First switch
        {
            null => new TransportException(
                MqttReasonCode.ServerUnavailable, $"it closed the connection instead of answering the TLS handshake; is {_broker.Port} a port for TLS? Else {plain}", error),

            // Content types of a TLS record (RFC 8446, 5.1): alert and handshake.
            not (0x15 or 0x16) => new TransportException(
                MqttReasonCode.ProtocolError, $"it does not answer with TLS; is {_broker.Port} a port for TLS? Else {plain}", error),
            _ => new TransportException(MqttReasonCode.ServerUnavailable, $"the TLS handshake failed: {Innermost(error)}", error),
        };
    }

    private IOException Failed(Exception error)
    {
        if (WhatWasMeant(error) is { } known) return known;
        var hint = !_anythingRead && OwnCertificate is { } own ? $" (it may refuse the client's certificate '{own}')" : "";
        return new IOException(Innermost(error) + hint, error);
    }

    /// <summary>Null: it just broke.</summary>
    private TransportException? WhatWasMeant(Exception error)
    {
        if (TlsAlert.Find(error) is { } alert)
        {
            var (reason, what) = TlsAlert.Describe(alert, _tls, _serverName, OwnCertificate, _askedForCertificate);
            return new TransportException(reason, what, error);
        }

        return LacksCertificate ? new TransportException(MqttReasonCode.NotAuthorized, TlsAlert.WantsCertificate.TrimEnd(), error) : null;
    }

    private static string Innermost(Exception error)
    {
        while (error.InnerException is not null) error = error.InnerException;
        return error.Message.TrimEnd('.');
    }
}
