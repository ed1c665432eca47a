using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Transports;

/// <summary>What stands in the files that <see cref="MqttTls"/> names, read for one connection.</summary>
internal sealed class TlsFiles : IDisposable
{
    private readonly X509Certificate2Collection _own = [];

    private TlsFiles()
    {
    }

    /// <summary>The roots to trust; null: the system's.</summary>
    public X509Certificate2Collection? Authorities { get; private set; }

    /// <summary>The client's certificate with its chain; null: none.</summary>
    public SslStreamCertificateContext? Certificate { get; private set; }

    /// <exception cref="TransportException">A file cannot be used; names option, value and the way out.</exception>
    public static TlsFiles Load(MqttTls tls)
    {
        var files = new TlsFiles();
        try
        {
            if (tls.CaFile is not null) files.Authorities = Certificates(nameof(tls.CaFile), tls.CaFile);
            if (tls.CertificateFile is not null) files.Certificate = files.Own(tls, tls.CertificateFile);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var certificate in _own) certificate.Dispose();
        foreach (var certificate in Authorities ?? []) certificate.Dispose();
    }

    private SslStreamCertificateContext Own(MqttTls tls, string certificateFile)
    {
        _own.AddRange(Certificates(nameof(tls.CertificateFile), certificateFile));
        var (option, file) = tls.KeyFile is null ? (nameof(tls.CertificateFile), certificateFile) : (nameof(tls.KeyFile), tls.KeyFile);
        var key = Read(option, file);
        var encrypted = KeyIn(option, file, key) == "ENCRYPTED PRIVATE KEY";
        if (encrypted && tls.KeyPassword is null)
            throw Unusable(option, file, $"the private key in it is encrypted: set Tls.{nameof(tls.KeyPassword)}");
        try
        {
            var pem = _own[0].ExportCertificatePem();
            var withKey = encrypted ? X509Certificate2.CreateFromEncryptedPem(pem, key, tls.KeyPassword) : X509Certificate2.CreateFromPem(pem, key);
            _own[0].Dispose();
            _own[0] = withKey;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            var perhaps = encrypted ? $", or Tls.{nameof(tls.KeyPassword)} is not its password" : "";
            throw Unusable(
                option, file,
                $"the private key in it does not belong to the first certificate of Tls.{nameof(tls.CertificateFile)} '{certificateFile}'{perhaps} ({error.Message})",
                error);
        }

        // Offline: what is missing of the chain is not looked for in the network.
        return SslStreamCertificateContext.Create(_own[0], _own, offline: true);
    }

    /// <summary>The label of the private key in a file (RFC 7468).</summary>
    private static string KeyIn(string option, string file, string text)
    {
        if (text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw Unusable(option, file, $"the private key in it is encrypted in OpenSSL's old way: convert it with 'openssl pkcs8 -topk8 -in {file} -out key.pem'");
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var block); rest = rest[block.Location.End..])
        {
            var label = rest[block.Label];
            if (label.EndsWith("PRIVATE KEY")) return label.ToString();
        }

        throw Unusable(option, file, "there is no private key in PEM form in it (-----BEGIN PRIVATE KEY-----)");
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
        throw Unusable(
            option, file,
            $"there is no certificate in PEM form in it (-----BEGIN CERTIFICATE-----): convert it with 'openssl x509 -inform der -in {file} -out certificate.pem'");
    }

    private static string Read(string option, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unusable(option, file, $"there is no such file (seen from {Environment.CurrentDirectory}): correct the name, or mount the secret", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw Unusable(option, file, $"user {Environment.UserName} may not read it, or it is no file: correct the name or its permissions", error);
        }
        catch (IOException error)
        {
            throw Unusable(option, file, $"it cannot be read ({error.Message})", error);
        }
        catch (ArgumentException error)
        {
            throw Unusable(option, file, "that is no name of a file", error);
        }
    }

    private static TransportException Unusable(string option, string file, string why, Exception? inner = null) =>
        new(MqttReasonCode.UnspecifiedError, $"MQTT option Tls.{option} is '{file}': {why}", inner);
}
