using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>What stands in the files that <see cref="MqttTls"/> names, read for one connection.</summary>
internal sealed class TlsFiles : IDisposable
{
    private readonly X509Certificate2Collection _own = [];

    /// <summary>The roots to trust; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; private set; }

    /// <summary>The client's certificate with its chain; null: none.</summary>
    public SslStreamCertificateContext? Certificate { get; private set; }

    /// <exception cref="TransportException">A file cannot be used; names option, value and the way out.</exception>
    public static TlsFiles Load(MqttTls tls)
    {
        var files = new TlsFiles();
        if (tls.CaFile is not null) files.Authorities = Certificates(nameof(tls.CaFile), tls.CaFile);
        if (tls.CertificateFile is null) return files;
        files._own.AddRange(Certificates(nameof(tls.CertificateFile), tls.CertificateFile));
        var (option, file) = tls.KeyFile is null ? (nameof(tls.CertificateFile), tls.CertificateFile) : (nameof(tls.KeyFile), tls.KeyFile);
        files._own[0] = WithKey(files._own[0], option, file, tls);

        // Offline: what is missing of the chain is not looked for in the network.
        files.Certificate = SslStreamCertificateContext.Create(files._own[0], files._own, offline: true);
        return files;
    }

    public void Dispose()
    {
        foreach (var certificate in _own.Concat(Authorities ?? [])) certificate.Dispose();
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string option, string file, MqttTls tls)
    {
        var text = Read(option, file);
        if (text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw Unusable(option, file, $"the private key in it is encrypted in OpenSSL's old way: convert it with 'openssl pkcs8 -topk8 -in {file} -out key.pem'");
        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)) throw Unusable(option, file, "there is no private key in PEM form in it (-----BEGIN PRIVATE KEY-----)");
        var isEncrypted = text.Contains("ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        if (isEncrypted && tls.KeyPassword is null) throw Unusable(option, file, $"the private key in it is encrypted: set Tls.{nameof(tls.KeyPassword)}");
        try
        {
            var pem = certificate.ExportCertificatePem();
            return isEncrypted ? X509Certificate2.CreateFromEncryptedPem(pem, text, tls.KeyPassword) : X509Certificate2.CreateFromPem(pem, text);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            var perhaps = isEncrypted ? $", or Tls.{nameof(tls.KeyPassword)} is not its password" : "";
            throw Unusable(option, file, $"the private key in it does not belong to the first certificate of Tls.{nameof(tls.CertificateFile)} '{tls.CertificateFile}'{perhaps} ({error.Message})", error);
        }
    }

    private static X509Certificate2Collection Certificates(string option, string file)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Read(option, file));
        }
        catch (CryptographicException error)
        {
            throw Unusable(option, file, $"a certificate in it cannot be read ({error.Message})", error);
        }

        if (certificates.Count > 0) return certificates;
        throw Unusable(option, file, $"there is no certificate in PEM form in it (-----BEGIN CERTIFICATE-----): convert it with 'openssl x509 -inform der -in {file} -out certificate.pem'");
    }

    private static string Read(string option, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Unusable(option, file, error switch
            {
                FileNotFoundException or DirectoryNotFoundException => $"there is no such file (seen from {Environment.CurrentDirectory}): correct the name, or mount the secret",
                UnauthorizedAccessException => $"user {Environment.UserName} may not read it, or it is no file: correct the name or its permissions",
                ArgumentException => "that is no name of a file",
                _ => $"it cannot be read ({error.Message})",
            }, error);
        }
    }

    private static TransportException Unusable(string option, string file, string why, Exception? inner = null) =>
        new(MqttReasonCode.UnspecifiedError, $"MQTT option Tls.{option} is '{file}': {why}", inner);
}
