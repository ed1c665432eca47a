using Tally.Mqtt;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

// The same tests for every version and every broker: what differs is in the names. Those of the client on MQTTnet are in
// MqttNetContracts.cs, which is compiled where its package is.
public sealed class BuiltInClientWithMqtt5OnMosquitto(OnMosquitto on) : Mqtt5Contract(on, new MqttClientFactory()), IClassFixture<OnMosquitto>;

public sealed class BuiltInClientWithMqtt311OnMosquitto(OnMosquitto on) :
    MqttContract(on, new MqttClientFactory(), MqttProtocolVersion.V311), IClassFixture<OnMosquitto>;

[Trait("Broker", "aedes")]
public sealed class BuiltInClientWithMqtt311OnAedes(OnAedes on) :
    MqttContract(on, new MqttClientFactory(), MqttProtocolVersion.V311), IClassFixture<OnAedes>;

public sealed class BuiltInClientOnEachWay(SecureBrokerFixture fixture) : SecureContract(fixture, new MqttClientFactory()), IClassFixture<SecureBrokerFixture>;
