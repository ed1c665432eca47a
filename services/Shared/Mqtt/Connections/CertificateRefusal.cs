using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Connections;

/// <summary>What is wrong with a broker's certificate, for the person who runs the client.</summary>
internal static class CertificateRefusal
{
    // A certificate of a hosting company holds a hundred.
    private const int MostNames = 5;

    private const X509ChainStatusFlags Untrusted = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

    /// <summary>Everything that is wrong, in one clause.</summary>
    public static string Describe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string expectedName, string? caFile)
    {
        if (certificate is not X509Certificate2 own) return "it shows no certificate";
        var problems = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null)
        {
            problems.AddRange(from element in chain.ChainElements
                              from status in element.ChainElementStatus
                              where (status.Status & Untrusted) == 0
                              select DescribeStatus(element.Certificate, status));
            if (chain.ChainStatus.Any(status => (status.Status & Untrusted) != 0)) problems.Add(DescribeIssuer(own, chain, caFile));
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            problems.Add($"its certificate is for {Names(own)} and not for '{expectedName}': connect to a name that it is for, " +
                "or set Tls.ServerName to one if this is the right broker");
        }

        return problems.Count > 0 ? string.Join("; ", problems) : $"its certificate '{Subject(own)}' is refused ({errors})";
    }

    private static string DescribeStatus(X509Certificate2 certificate, X509ChainStatus status)
    {
        if (!status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return $"certificate '{Subject(certificate)}' is refused: {status.Status} ({TransportException.Printable(status.StatusInformation)})";
        return certificate.NotAfter < DateTime.Now
            ? $"certificate '{Subject(certificate)}' expired on {Utc(certificate.NotAfter)}: renew it at the broker, or set this machine's clock right"
            : $"certificate '{Subject(certificate)}' is not valid before {Utc(certificate.NotBefore)}: set this machine's or the broker's clock right";
    }

    private static string DescribeIssuer(X509Certificate2 own, X509Chain chain, string? caFile)
    {
        var last = chain.ChainElements.Count > 0 ? chain.ChainElements[^1].Certificate : own;
        var isSelfSigned = chain.ChainElements.Count <= 1 && own.SubjectName.RawData.AsSpan().SequenceEqual(own.IssuerName.RawData);
        var what = $"its certificate '{Subject(own)}' {(isSelfSigned ? "is self-signed" : $"was issued by '{TransportException.Printable(last.Issuer)}'")}";
        var missing = isSelfSigned ? "that certificate" : "that authority's root certificate";
        return caFile is null
            ? $"{what}, which this system does not trust: set Tls.CaFile to the PEM file of {missing}"
            : $"{what}, which is not in Tls.CaFile '{caFile}': put {missing} there";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames().Concat(extension.EnumerateIPAddresses().Select(address => address.ToString())))
            .DefaultIfEmpty(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false)).Take(MostNames + 1).ToList();
        return string.Join(", ", names.Take(MostNames).Select(name => $"'{TransportException.Printable(name)}'")) + (names.Count > MostNames ? " and more" : "");
    }

    private static string Subject(X509Certificate2 certificate) => TransportException.Printable(certificate.Subject);

    private static string Utc(DateTime local) => local.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
