namespace Tally.Mqtt;

/// <summary>
/// How to speak TLS (1.2 and 1.3, as the system allows them), for <c>mqtts://</c> and <c>wss://</c>. The files are looked at when a client is made, and read
/// again at each connection: certificates can be exchanged while it runs. So no failure of TLS ends a client: it says once what is wrong and connects
/// again until broker or files are put right. Certificates are not looked up in revocation lists, and missing intermediate ones are not downloaded:
/// both would let a third server hold up each connection. A broker has to send its chain up to the root (RFC 8446, 4.4.2).
/// </summary>
public sealed record MqttTls
{
    /// <summary>PEM file of the root certificates to trust, or of a self-signed certificate itself, instead of the system's; null: the system's.</summary>
    public string? CaFile { get; init; }
    /// <summary>PEM file of the client's certificate, followed by its intermediate certificates where there are some; null: none.</summary>
    public string? CertificateFile { get; init; }
    /// <summary>PEM file of the client's private key (PKCS #8, PKCS #1 or SEC 1); null: it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }
    /// <summary>Password of an encrypted private key (PKCS #8). Never logged.</summary>
    public string? KeyPassword { get; init; }
    /// <summary>Name that the broker's certificate has to be for, also sent as SNI (RFC 6066, 3); null: the host of the address.</summary>
    public string? ServerName { get; init; }
    /// <summary>Application protocols offered, in order (ALPN, RFC 7301), for example <c>x-amzn-mqtt-ca</c>; empty: none.</summary>
    public IReadOnlyList<string> AlpnProtocols { get; init; } = [];

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{nameof(MqttTls)} {{ CaFile = {CaFile}, CertificateFile = {CertificateFile}, KeyFile = {KeyFile}, ServerName = {ServerName} }}";
}
