using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>What stands in the files that <see cref="MqttTls"/> names, read for one connection: the roots to trust (null: the system's), and the client's certificate with its chain.</summary>
internal sealed record TlsFiles(X509Certificate2Collection? Authorities, X509Certificate2Collection Own, SslStreamCertificateContext? Certificate) : IDisposable
{
    /// <summary>Whom the client's certificate is for; null: there is none.</summary>
    public string? Subject => Certificate is null ? null : TransportException.Printable(Certificate.TargetCertificate.Subject);

    /// <exception cref="TransportException">A file cannot be used; names option, value and reason.</exception>
    public static TlsFiles Load(MqttTls tls)
    {
        var authorities = tls.CaFile is { } ca ? Certificates(nameof(tls.CaFile), ca) : null;
        if (tls.CertificateFile is not { } file) return new TlsFiles(authorities, [], null);
        var chain = Certificates(nameof(tls.CertificateFile), file);
        var (option, keyFile) = tls.KeyFile is { } key ? (nameof(tls.KeyFile), key) : (nameof(tls.CertificateFile), file);
        var needs = $"the private key of the first certificate in Tls.{nameof(tls.CertificateFile)}, in PEM form" +
            (tls.KeyPassword is null ? $", and Tls.{nameof(tls.KeyPassword)} where it is encrypted" : $", encrypted (PKCS #8) with Tls.{nameof(tls.KeyPassword)}");
        chain[0] = Read(option, keyFile, needs, () => tls.KeyPassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(file, password, keyFile) : X509Certificate2.CreateFromPemFile(file, keyFile));

        // Offline: what is missing of the chain is not looked for in the network.
        return new TlsFiles(authorities, chain, SslStreamCertificateContext.Create(chain[0], chain, offline: true));
    }

    public void Dispose()
    {
        foreach (var certificate in Own.Concat(Authorities ?? [])) certificate.Dispose();
    }

    private static X509Certificate2Collection Certificates(string option, string file) => Read(option, file, "a certificate in PEM form", () =>
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("-----BEGIN CERTIFICATE----- is not in it");
    });

    private static T Read<T>(string option, string file, string needs, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new TransportException(
                MqttReasonCode.UnspecifiedError, $"MQTT option Tls.{option} is '{file}', which cannot be used: it needs {needs} ({error.Message.TrimEnd('.')}; read as user {Environment.UserName})", error);
        }
    }
}
