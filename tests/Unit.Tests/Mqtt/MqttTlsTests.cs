using System.Security.Cryptography;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class MqttTlsTests : IDisposable
{
    private readonly TestAuthority _authority = new("Tally Test CA");

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void Files_that_can_be_used_are_taken_in_every_form_that_a_key_has()
    {
        var (certificate, key) = _authority.Issue("device");
        Complaint(new MqttTls { CaFile = _authority.CaFile, CertificateFile = certificate, KeyFile = key }).ShouldBeEmpty();

        var both = Write("both.pem", File.ReadAllText(certificate) + File.ReadAllText(key));
        Complaint(new MqttTls { CertificateFile = both }).ShouldBeEmpty();

        using var ec = ECDsa.Create();
        ec.ImportFromPem(File.ReadAllText(key));
        var sec1 = Write("sec1.pem", ec.ExportECPrivateKeyPem());
        Complaint(new MqttTls { CertificateFile = certificate, KeyFile = sec1 }).ShouldBeEmpty();

        var encrypted = Write("encrypted.pem", Encrypted(ec));
        Complaint(new MqttTls { CertificateFile = certificate, KeyFile = encrypted, KeyPassword = "secret" }).ShouldBeEmpty();
    }

    [Fact]
    public void What_is_wrong_with_a_file_is_said_with_option_value_and_way_out_and_without_the_password()
    {
        var (certificate, key) = _authority.Issue("device");
        var (_, otherKey) = _authority.Issue("other");
        var missing = _authority.FileOf("missing.pem");
        var junk = Write("junk.pem", "no certificate");
        var broken = Write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        using var ec = ECDsa.Create();
        ec.ImportFromPem(File.ReadAllText(key));
        var encrypted = Write("encrypted.pem", Encrypted(ec));
        var old = Write("old.pem", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");

        Complaint(new MqttTls { CaFile = missing }).ShouldStartWith($"MQTT option Tls.CaFile is '{missing}', which cannot be used: it needs a certificate in PEM form (Could not find file");
        Complaint(new MqttTls { CaFile = Path.GetTempPath() }).ShouldContain($"is denied; read as user {Environment.UserName}");
        Complaint(new MqttTls { CaFile = "" }).ShouldContain("Tls.CaFile is ''");
        foreach (var useless in (string[])[junk, broken, key]) Complaint(new MqttTls { CaFile = useless }).ShouldContain($"'{useless}', which cannot be used: it needs a certificate in PEM form");
        Complaint(new MqttTls { CertificateFile = missing }).ShouldContain($"Tls.CertificateFile is '{missing}', which cannot be used");
        Complaint(new MqttTls { CertificateFile = certificate }).ShouldContain($"Tls.CertificateFile is '{certificate}', which cannot be used: it needs the private key");
        Complaint(new MqttTls { CertificateFile = certificate, KeyFile = missing }).ShouldContain($"Tls.KeyFile is '{missing}', which cannot be used");
        foreach (var useless in (string[])[otherKey, encrypted, old])
        {
            Complaint(new MqttTls { CertificateFile = certificate, KeyFile = useless }).ShouldContain(
                $"Tls.KeyFile is '{useless}', which cannot be used: it needs the private key of the first certificate in Tls.CertificateFile, in PEM form, and Tls.KeyPassword where it is encrypted");
        }

        var wrong = Complaint(new MqttTls { CertificateFile = certificate, KeyFile = encrypted, KeyPassword = "wrong-secret" });
        wrong.ShouldContain("encrypted (PKCS #8) with Tls.KeyPassword");
        wrong.ShouldNotContain("wrong-secret");
    }

    [Fact]
    public void Options_that_do_not_belong_together_are_refused()
    {
        Complaint(new MqttTls { KeyFile = "k.pem" }).ShouldContain("Tls.KeyFile is 'k.pem'; allowed: none without Tls.CertificateFile");
        Complaint(new MqttTls { KeyPassword = "secret" }).ShouldContain("Tls.KeyPassword is 'set'; allowed: none without Tls.CertificateFile");
        Complaint(new MqttTls { CaFile = _authority.CaFile }, "mqtt://h").ShouldContain("none for mqtt://, which is not encrypted: use mqtts://");
        Complaint(new MqttTls(), "ws://h").ShouldContain("none for ws://, which is not encrypted: use wss://");
    }

    [Theory]
    [InlineData("")]
    [InlineData("https://host")]
    [InlineData("host:8883")]
    public void A_server_name_is_a_name(string name) =>
        Complaint(new MqttTls { ServerName = name }).ShouldContain($"Tls.ServerName is '{name}'; allowed: a host name or an IP address");

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("ümlaut")]
    public void An_application_protocol_is_a_word(string protocol) =>
        Complaint(new MqttTls { AlpnProtocols = ["x-amzn-mqtt-ca", protocol] }).ShouldContain($"Tls.AlpnProtocols is '{protocol}'");

    [Fact]
    public void Options_do_not_show_the_password_of_the_key() =>
        new MqttTls { CertificateFile = "c.pem", KeyPassword = "secret" }.ToString().ShouldNotContain("secret");

    private static string Complaint(MqttTls tls, string broker = "mqtts://h")
    {
        try
        {
            _ = new MqttClient(new MqttClientOptions { Broker = new Uri(broker), ClientId = "x", Tls = tls }, new RecordingHandler(), null);
            return "";
        }
        catch (ArgumentException error)
        {
            error.Message.ShouldStartWith("MQTT option Tls");
            return error.Message;
        }
    }

    private static string Encrypted(ECDsa key) =>
        key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

    private string Write(string name, string text)
    {
        File.WriteAllText(_authority.FileOf(name), text);
        return _authority.FileOf(name);
    }
}
