using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Shouldly;
using Tally.Mqtt;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

public sealed class MqttSettingsTests
{
    [Fact]
    public void Every_setting_is_taken_from_configuration_in_any_case()
    {
        var settings = Configuration(
            ("Mqtt:UserName", "me"), ("Mqtt:Password", "secret"), ("mqtt:tls:cafile", "ca.pem"), ("Mqtt:Tls:CertificateFile", "c.pem"),
            ("Mqtt:Tls:KeyFile", "k.pem"), ("Mqtt:Tls:KeyPassword", "key-secret"), ("Mqtt:Tls:ServerName", "name"),
            ("Mqtt:Tls:AlpnProtocols:0", "a"), ("Mqtt:Tls:AlpnProtocols:1", "b"), ("Mqtt:Other", "of others")).MqttSettings();

        (settings.UserName, settings.Password).ShouldBe(("me", "secret"));
        var tls = settings.Tls.ShouldNotBeNull();
        (tls with { AlpnProtocols = [] }).ShouldBe(new MqttTls
        {
            CaFile = "ca.pem", CertificateFile = "c.pem", KeyFile = "k.pem", KeyPassword = "key-secret", ServerName = "name", AlpnProtocols = [],
        });
        tls.AlpnProtocols.ShouldBe(["a", "b"]);
        settings.ToString().ShouldNotContain("secret");
    }

    [Fact]
    public void Application_protocols_can_stand_in_one_value() =>
        Configuration(("Mqtt:Tls:AlpnProtocols", "x-amzn-mqtt-ca, mqtt")).MqttSettings().Tls!.AlpnProtocols.ShouldBe(["x-amzn-mqtt-ca", "mqtt"]);

    [Fact]
    public void Without_settings_nothing_is_set()
    {
        var options = new MqttClientOptions { Broker = new Uri("mqtt://me:own@h"), ClientId = "x" };
        Configuration(("Mqtt:Tls:CaFile", ""), ("Mqtt:Other", "of others")).MqttSettings().ApplyTo(options).ShouldBe(options);
    }

    [Fact]
    public void What_code_has_set_wins()
    {
        var options = new MqttClientOptions { Broker = new Uri("mqtts://h"), ClientId = "x", UserName = "own", Tls = new MqttTls { ServerName = "own" } };
        var applied = Configuration(("Mqtt:UserName", "other"), ("Mqtt:Password", "p"), ("Mqtt:Tls:ServerName", "other")).MqttSettings().ApplyTo(options);
        (applied.UserName, applied.Password, applied.Tls!.ServerName).ShouldBe(("own", "p", "own"));
    }

    [Fact]
    public void A_misspelt_setting_is_named_with_those_that_there_are()
    {
        var error = Should.Throw<OptionsValidationException>(() => Configuration(("Mqtt:Tls:CAPath", "/etc/ssl")).BrokerAddress());
        error.Failures.ShouldHaveSingleItem().ShouldContain("Mqtt:Tls:CAPath is no setting; below Mqtt:Tls there are CaFile,");
    }

    [Fact]
    public void A_file_that_is_not_there_is_said_with_option_value_and_environment()
    {
        var error = Should.Throw<OptionsValidationException>(() => Configuration(("Mqtt:Tls:CaFile", "/not/there.pem")).BrokerAddress());
        error.Failures.ShouldHaveSingleItem().ShouldContain("Tls.CaFile is '/not/there.pem', which cannot be used: it needs a certificate in PEM form (Could not find");
        error.Failures.Single().ShouldContain("Mqtt__Tls__");
    }

    [Fact]
    public void An_address_that_cannot_be_used_is_said_with_its_setting_and_without_the_password()
    {
        var error = Should.Throw<OptionsValidationException>(() => Configuration(("ConnectionStrings:mqtt", "tcp://me:secret@h")).BrokerAddress());
        error.Failures.ShouldHaveSingleItem().ShouldStartWith("ConnectionStrings:mqtt has an unknown scheme 'tcp'");
        error.Failures.Single().ShouldContain("ConnectionStrings__mqtt");
        error.Failures.Single().ShouldNotContain("secret");
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        configuration["ConnectionStrings:mqtt"] = "mqtts://me:secret@h";
        foreach (var (key, value) in settings) configuration[key] = value;
        return configuration;
    }
}
