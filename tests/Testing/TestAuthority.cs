using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Testing;

/// <summary>A certificate authority of a test, whose certificates stand as PEM files in a directory of their own.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly string _directory = TestDirectory.Make("tls");
    private readonly X509Certificate2 _root;

    /// <summary>Makes one.</summary>
    /// <param name="name">Common name of its root certificate.</param>
    public TestAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(1));
        CaFile = FileOf("ca.pem");
        File.WriteAllText(CaFile, _root.ExportCertificatePem() + "\n");
    }

    /// <summary>PEM file of its root certificate.</summary>
    public string CaFile { get; }

    /// <summary>Path of a file in its directory, there or not.</summary>
    public string FileOf(string name) => Path.Combine(_directory, name);

    /// <summary>Issues a certificate.</summary>
    /// <param name="name">Common name, and name of its files.</param>
    /// <param name="hosts">DNS names and IP addresses that it is for; none: that of a client.</param>
    /// <returns>Paths of the PEM files of certificate and key.</returns>
    public (string Certificate, string Key) Issue(string name, params string[] hosts) => Issue(name, TimeSpan.FromDays(30), hosts);

    /// <summary>Issues a certificate that ends after that time from now; it begins 60 days ago.</summary>
    public (string Certificate, string Key) Issue(string name, TimeSpan endsAfter, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        if (hosts.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var host in hosts)
            {
                if (IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
                else names.AddDnsName(host);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(_root, now.AddDays(-60), now + endsAfter, RandomNumberGenerator.GetBytes(16));
        var (certificateFile, keyFile) = (FileOf($"{name}.pem"), FileOf($"{name}.key.pem"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem() + "\n");

        // The broker, which runs as another user where we are root, reads it too.
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
        return (certificateFile, keyFile);
    }

    /// <summary>Removes its files.</summary>
    public void Dispose()
    {
        _root.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
