using System.Security.Cryptography;

namespace Tally.Mqtt.Connections;

/// <summary>The alert with which a broker broke off TLS (RFC 8446, 6.2), and what it means.</summary>
internal static class TlsAlert
{
    /// <summary>What a broker that breaks off without an alert after asking for a certificate most likely means.</summary>
    public const string WantsCertificate = "it wants a client certificate, and none is set: set Tls.CertificateFile and Tls.KeyFile ";

    // OpenSSL numbers the reason of an alert that it received 1000 + the alert's number, in the low bits of its error code; the library of
    // the error is in its high bits: SSL, as OpenSSL 3 and 1.1 encode it.
    private const int ReasonOffset = 1000, ReasonMask = 0xFFF;
    private const uint LibraryMask = 0xFF000000, SslLibrary3 = 20u << 23, SslLibrary1 = 20u << 24;

    private static readonly Dictionary<int, string> Names = new()
    {
        [40] = "handshake_failure", [42] = "bad_certificate", [43] = "unsupported_certificate", [44] = "certificate_revoked", [45] = "certificate_expired",
        [46] = "certificate_unknown", [48] = "unknown_ca", [49] = "access_denied", [70] = "protocol_version", [71] = "insufficient_security",
        [80] = "internal_error", [112] = "unrecognized_name", [116] = "certificate_required", [120] = "no_application_protocol",
    };

    /// <summary>Number of the alert that is the reason of a failure; null: there was none, or the system does not tell.</summary>
    public static int? Find(Exception error)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is not CryptographicException || ((uint)inner.HResult & LibraryMask) is not (SslLibrary3 or SslLibrary1)) continue;
            var alert = (inner.HResult & ReasonMask) - ReasonOffset;
            if (alert is >= 0 and <= byte.MaxValue) return alert;
        }

        return null;
    }

    /// <summary>What an alert means to the person who runs this client.</summary>
    /// <param name="alert">Its number.</param>
    /// <param name="tls">How TLS was spoken.</param>
    /// <param name="serverName">Name that was asked for.</param>
    /// <param name="ownCertificate">Subject of the client's certificate; null: none.</param>
    /// <param name="askedForCertificate">The broker asked for one.</param>
    public static (MqttReasonCode Reason, string What) Describe(int alert, MqttTls tls, string serverName, string? ownCertificate, bool askedForCertificate)
    {
        var says = $"(TLS alert {alert}, {Names.GetValueOrDefault(alert, "see RFC 8446")})";
        var own = $"the client's certificate '{ownCertificate}' of Tls.CertificateFile '{tls.CertificateFile}'";
        return alert switch
        {
            116 => (MqttReasonCode.NotAuthorized, WantsCertificate + says),
            40 or 42 or 49 when askedForCertificate && ownCertificate is null => (MqttReasonCode.NotAuthorized, WantsCertificate + says),
            45 when ownCertificate is not null => (MqttReasonCode.NotAuthorized, $"{own} has expired: renew it {says}"),
            42 or 43 or 44 or 46 or 48 or 49 when ownCertificate is not null => (MqttReasonCode.NotAuthorized, $"it refuses {own}: use one of an authority that the broker trusts {says}"),
            70 or 71 => (MqttReasonCode.UnspecifiedError, $"it takes no version of TLS or no cipher that this system allows {says}"),
            112 => (MqttReasonCode.UnspecifiedError, $"it knows no host '{serverName}': correct the host, or set Tls.ServerName {says}"),
            120 => (MqttReasonCode.UnspecifiedError, $"it takes none of the protocols in Tls.AlpnProtocols, {string.Join(", ", tls.AlpnProtocols)} {says}"),
            _ => (MqttReasonCode.UnspecifiedError, $"it broke off TLS; its log may say why {says}"),
        };
    }
}
