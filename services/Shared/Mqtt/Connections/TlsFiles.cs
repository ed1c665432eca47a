using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>What stands in the files that <see cref="MqttTls"/> names, read for one connection.</summary>
internal sealed class TlsFiles : IDisposable
{
    private readonly X509Certificate2Collection _own = [];

    /// <summary>The roots to trust; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; private init; }

    /// <summary>The client's certificate with its chain; null: none.</summary>
    public SslStreamCertificateContext? Certificate { get; private set; }

    /// <summary>Whom the client's certificate is for; null: there is none.</summary>
    public string? Subject => Certificate is null ? null : TransportException.Printable(Certificate.TargetCertificate.Subject);

    /// <exception cref="TransportException">A file cannot be used; names option, value and reason.</exception>
    public static TlsFiles Load(MqttTls tls)
    {
        var files = new TlsFiles { Authorities = tls.CaFile is { } ca ? Read(nameof(tls.CaFile), ca, () => Certificates(ca)) : null };
        if (tls.CertificateFile is not { } file) return files;
        files._own.AddRange(Read(nameof(tls.CertificateFile), file, () => Certificates(file)));
        var (option, keyFile) = tls.KeyFile is { } key ? (nameof(tls.KeyFile), key) : (nameof(tls.CertificateFile), file);
        files._own[0] = Read(option, keyFile, () => tls.KeyPassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(file, password, keyFile) : X509Certificate2.CreateFromPemFile(file, keyFile),
            $"it needs the private key of the first certificate in Tls.{nameof(tls.CertificateFile)}, in PEM form" +
            (tls.KeyPassword is null ? $", and Tls.{nameof(tls.KeyPassword)} where it is encrypted" : $", encrypted (PKCS #8) with Tls.{nameof(tls.KeyPassword)}"));

        // Offline: what is missing of the chain is not looked for in the network.
        files.Certificate = SslStreamCertificateContext.Create(files._own[0], files._own, offline: true);
        return files;
    }

    public void Dispose()
    {
        foreach (var certificate in _own.Concat(Authorities ?? [])) certificate.Dispose();
    }

    private static X509Certificate2Collection Certificates(string file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("-----BEGIN CERTIFICATE----- is not in it");
    }

    private static T Read<T>(string option, string file, Func<T> read, string wayOut = "it needs a certificate in PEM form")
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TransportException(MqttReasonCode.UnspecifiedError, $"MQTT option Tls.{option} is '{file}', which cannot be read: {error.Message.TrimEnd('.')} (user {Environment.UserName})", error);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new TransportException(MqttReasonCode.UnspecifiedError, $"MQTT option Tls.{option} is '{file}', which cannot be used: {wayOut} ({error.Message.TrimEnd('.')})", error);
        }
    }
}
