using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>
/// TLS with the broker, and its failures in the words of whoever has to mend them. With TLS 1.3 a broker looks at the client's certificate
/// only when the handshake is over for the client: so reading fails for the same reasons as the handshake. There is no close_notify at the end:
/// sending one is not safe while another thread reads, and DISCONNECT, which is sent before, says the same to a broker.
/// </summary>
internal sealed class Tls(SocketStream wire, BrokerAddress broker, MqttTls options) : IDisposable
{
    private static readonly string[] s_aboutCertificates = ["certificate", "unknown ca", "access denied"];

    private readonly TlsFiles _files = TlsFiles.Load(options);
    private readonly string _serverName = options.ServerName ?? broker.Host;
    private string? _refusal;
    private bool _askedForCertificate;

    public SslStream Stream { get; } = new(wire);

    /// <summary>Blocks.</summary>
    /// <exception cref="TransportException">The broker cannot be trusted, does not trust us, or does not speak TLS.</exception>
    public void ShakeHands()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            TrustMode = _files.Authorities is null ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
        };
        policy.CustomTrustStore.AddRange(_files.Authorities ?? []);
        try
        {
            Stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = _serverName,
                ApplicationProtocols = options.AlpnProtocols.Count == 0 ? null : [.. options.AlpnProtocols.Select(protocol => new SslApplicationProtocol(protocol))],
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = IsTrusted,
                ClientCertificateContext = _files.Certificate,
                LocalCertificateSelectionCallback = _files.Certificate is null ? NoCertificate : null,
                AllowTlsResume = false, // it would go on with the certificates of the connection before, which may have been exchanged since
                AllowRenegotiation = false, // of TLS 1.2; no broker needs it, and it would write from the thread that reads
            });
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            throw _refusal is null ? WhatWasMeant(error) ?? Unanswered(error) : new TransportException(MqttReasonCode.UnspecifiedError, _refusal, error);
        }
    }

    /// <summary>What a failure before anything of MQTT was read was meant to say.</summary>
    public Exception Explain(Exception error) => WhatWasMeant(error) ??
        (_files.Subject is { } own && error is IOException ? new IOException($"{TransportException.Innermost(error)} (it may refuse the client's certificate '{own}')", error) : error);

    public void Dispose()
    {
        Stream.Dispose();
        _files.Dispose();
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        _refusal = certificate is X509Certificate2 own ? string.Join("; ", Problems(own, chain, errors)) : "it shows no certificate";
        return false;
    }

    private IEnumerable<string> Problems(X509Certificate2 own, X509Chain? chain, SslPolicyErrors errors)
    {
        const X509ChainStatusFlags Untrusted = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;
        var its = $"its certificate '{TransportException.Printable(own.Subject)}'";
        var statuses = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        if (statuses.HasFlag(X509ChainStatusFlags.NotTimeValid))
            yield return $"{its}, or one that it was issued with, is only valid from {own.NotBefore.ToUniversalTime():u} to {own.NotAfter.ToUniversalTime():u}: renew it at the broker, or set this machine's clock right";
        if ((statuses & Untrusted) != 0)
        {
            var issuer = TransportException.Printable(chain!.ChainElements[^1].Certificate.Issuer);
            yield return options.CaFile is { } file
                ? $"{its} was issued by '{issuer}', which is not in Tls.CaFile '{file}': put that authority's root certificate there"
                : $"{its} was issued by '{issuer}', which this system does not trust: set Tls.CaFile to the PEM file of that authority's root certificate";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            var names = own.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => $"{address}")));
            yield return $"{its} is for {TransportException.Printable(string.Join(", ", names.DefaultIfEmpty("that name only")))} and not for '{_serverName}': " +
                "connect to a name that it is for, or set Tls.ServerName to one if this is the right broker";
        }

        if ((statuses & ~(Untrusted | X509ChainStatusFlags.NotTimeValid)) is not 0 and var others) yield return $"{its} is refused: {others}";
    }

    // Asked twice: before the handshake begins, and, with the broker's certificate, when the broker asks for ours.
    private X509Certificate NoCertificate(object sender, string host, X509CertificateCollection local, X509Certificate? remote, string[] issuers)
    {
        _askedForCertificate |= remote is not null;
        return null!;
    }

    // Null: it just broke. A broker that has our first bytes unread when it closes resets the connection, and its alert (RFC 8446, 6.2) is lost with that.
    private TransportException? WhatWasMeant(Exception error)
    {
        var why = TransportException.Innermost(error); // OpenSSL's text names the alert
        if (_files.Subject is null && _askedForCertificate)
            return new TransportException(MqttReasonCode.NotAuthorized, $"it wants a client certificate, and none is set: set Tls.CertificateFile and Tls.KeyFile ({why})", error);
        if (!why.Contains(" alert ", StringComparison.Ordinal)) return null;
        return _files.Subject is { } own && s_aboutCertificates.Any(word => why.Contains(word, StringComparison.Ordinal))
            ? new TransportException(MqttReasonCode.NotAuthorized, $"it refuses the client's certificate '{own}' of Tls.CertificateFile '{options.CertificateFile}': use one of an authority that the broker trusts ({why})", error)
            : new TransportException(MqttReasonCode.UnspecifiedError, $"it broke off TLS; its log may say why ({why})", error);
    }

    private TransportException Unanswered(Exception error)
    {
        var isPort = $"is {broker.Port} a port for TLS? Else write {(broker.IsWebSocket ? "ws" : "mqtt")}:// if it is one without";
        var (reason, what) = wire.First switch
        {
            null => (MqttReasonCode.ServerUnavailable, $"it closed the connection instead of answering the TLS handshake; {isPort}"),
            Connection.TlsAlert or Connection.TlsHandshake => (MqttReasonCode.ServerUnavailable, $"the TLS handshake failed: {TransportException.Innermost(error)}"),
            _ => (MqttReasonCode.ProtocolError, $"it does not answer with TLS; {isPort}"),
        };
        return new TransportException(reason, what, error);
    }
}
