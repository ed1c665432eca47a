using Shouldly;
using Tally.Mqtt;
using Tally.MqttNetClient;
using Xunit;

namespace Tally.Unit.Tests.MqttNetClient;

public sealed class MqttClientChoiceTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("builtin")]
    [InlineData("BuiltIn")]
    public void The_built_in_client_is_always_there(string? name)
    {
        MqttClientChoice.WhyNot(name, "--client").ShouldBeNull();
        MqttClientChoice.Factory(name).ShouldBeOfType<MqttClientFactory>();
    }

    [Fact]
    public void A_client_that_nobody_knows_is_refused_with_those_that_there_are()
    {
        MqttClientChoice.WhyNot("paho", "Mqtt:Client").ShouldBe("Mqtt:Client is 'paho': expected builtin or MQTTnet.");
        Should.Throw<ArgumentException>(() => MqttClientChoice.Factory("paho"));
    }

    [Fact]
    public void MQTTnet_is_there_where_it_was_compiled_in_and_else_one_line_names_the_way_out()
    {
        if (MqttClientChoice.WhyNot("mqttnet", "--client") is not { } reason)
        {
            MqttClientChoice.Factory("mqttnet").ShouldNotBeOfType<MqttClientFactory>();
            return;
        }

        reason.ShouldStartWith("--client is 'mqttnet': this build has no MQTTnet");
        reason.ShouldContain("or leave the setting out for the built-in client");
        reason.ShouldNotContain("\n");
        Should.Throw<ArgumentException>(() => MqttClientChoice.Factory("mqttnet"));
    }
}
