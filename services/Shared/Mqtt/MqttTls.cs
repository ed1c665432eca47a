namespace Tally.Mqtt;

/// <summary>How to speak TLS with the broker.</summary>
public sealed record MqttTls
{
    /// <summary>File of PEM certificates to trust instead of the system's; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file of the client's certificate, with its chain; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the client's private key; null: it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Password of an encrypted private key. Never logged.</summary>
    public string? KeyPassword { get; init; }

    /// <summary>Name that the broker's certificate has to be for, also sent as SNI; null: the host of the address.</summary>
    public string? ServerName { get; init; }

    /// <summary>Application protocols offered (ALPN), for example <c>x-amzn-mqtt-ca</c>; empty: none.</summary>
    public IReadOnlyList<string> AlpnProtocols { get; init; } = [];

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(MqttTls)} {{ CaFile = {CaFile}, CertificateFile = {CertificateFile}, ServerName = {ServerName} }}";
}
