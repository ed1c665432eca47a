using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Tally.Mqtt.Transports;

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
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && chain is not null) DescribeChain(own, chain, caFile, problems);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            problems.Add($"its certificate is for {Names(own)} and not for '{expectedName}': connect to a name that it is for, " +
                "or set Tls.ServerName to one if this is the right broker");
        }

        return problems.Count > 0 ? string.Join("; ", problems) : $"its certificate '{Subject(own)}' is refused ({errors})";
    }

    private static void DescribeChain(X509Certificate2 own, X509Chain chain, string? caFile, List<string> problems)
    {
        foreach (var element in chain.ChainElements)
        {
            foreach (var status in element.ChainElementStatus)
            {
                if ((status.Status & Untrusted) != 0) continue;
                problems.Add(status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid)
                    ? DescribeTime(element.Certificate)
                    : $"certificate '{Subject(element.Certificate)}' is refused: {status.Status} ({Printable.Of(status.StatusInformation)})");
            }
        }

        if (!chain.ChainStatus.Any(status => (status.Status & Untrusted) != 0)) return;
        var last = chain.ChainElements.Count > 0 ? chain.ChainElements[^1].Certificate : own;
        var selfSigned = chain.ChainElements.Count <= 1 && own.SubjectName.RawData.AsSpan().SequenceEqual(own.IssuerName.RawData);
        var what = selfSigned
            ? $"its certificate '{Subject(own)}' is self-signed"
            : $"its certificate '{Subject(own)}' was issued by '{Printable.Of(last.Issuer)}'";
        problems.Add(caFile is null
            ? $"{what}, which this system does not trust: set Tls.CaFile to the PEM file of {(selfSigned ? "that certificate" : "that authority's root certificate")}"
            : $"{what}, which is not in Tls.CaFile '{caFile}': put {(selfSigned ? "that certificate" : "that authority's root certificate")} there");
    }

    private static string DescribeTime(X509Certificate2 certificate)
    {
        var ended = certificate.NotAfter < DateTime.Now;
        return ended
            ? $"certificate '{Subject(certificate)}' expired on {Utc(certificate.NotAfter)}: renew it at the broker, or set this machine's clock right"
            : $"certificate '{Subject(certificate)}' is not valid before {Utc(certificate.NotBefore)}: set this machine's or the broker's clock right";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = new List<string>();
        foreach (var extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(extension.EnumerateDnsNames().Take(MostNames + 1));
            names.AddRange(extension.EnumerateIPAddresses().Take(MostNames + 1).Select(address => address.ToString()));
        }

        if (names.Count == 0) names.Add(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
        var shown = string.Join(", ", names.Take(MostNames).Select(name => $"'{Printable.Of(name)}'"));
        return names.Count > MostNames ? shown + " and more" : shown;
    }

    private static string Subject(X509Certificate2 certificate) => Printable.Of(certificate.Subject);

    private static string Utc(DateTime local) => local.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
