using Tally.Mqtt;
using Tally.MqttNetClient;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

public sealed class MqttNetWithMqtt5OnMosquitto(OnMosquitto on) :
    Mqtt5Contract(on, MqttClientChoice.Factory(MqttClientChoice.MqttNet)), IClassFixture<OnMosquitto>;

public sealed class MqttNetWithMqtt311OnMosquitto(OnMosquitto on) :
    MqttContract(on, MqttClientChoice.Factory(MqttClientChoice.MqttNet), MqttProtocolVersion.V311), IClassFixture<OnMosquitto>;

[Trait("Broker", "aedes")]
public sealed class MqttNetWithMqtt311OnAedes(OnAedes on) :
    MqttContract(on, MqttClientChoice.Factory(MqttClientChoice.MqttNet), MqttProtocolVersion.V311), IClassFixture<OnAedes>;

public sealed class MqttNetOnEachWay(SecureBrokerFixture fixture) :
    SecureContract(fixture, MqttClientChoice.Factory(MqttClientChoice.MqttNet)), IClassFixture<SecureBrokerFixture>;

public sealed class MqttNetFaultTests : FaultTests
{
    protected override IMqttClientFactory Clients { get; } = MqttClientChoice.Factory(MqttClientChoice.MqttNet);
}
