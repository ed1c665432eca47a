using Tally.Mqtt;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

// The same tests for every version and every broker: what differs is in the names.
public sealed class Mqtt5OnMosquitto(OnMosquitto on) : Mqtt5Contract(on, new MqttClientFactory()), IClassFixture<OnMosquitto>;

public sealed class Mqtt311OnMosquitto(OnMosquitto on) : MqttContract(on, new MqttClientFactory(), MqttProtocolVersion.V311), IClassFixture<OnMosquitto>;

public sealed class Mqtt5OnMqttNetServer(OnMqttNetServer on) : Mqtt5Contract(on, new MqttClientFactory()), IClassFixture<OnMqttNetServer>;

public sealed class Mqtt311OnMqttNetServer(OnMqttNetServer on) : MqttContract(on, new MqttClientFactory(), MqttProtocolVersion.V311), IClassFixture<OnMqttNetServer>;

public sealed class OnEachWay(SecureBrokerFixture fixture) : SecureContract(fixture, new MqttClientFactory()), IClassFixture<SecureBrokerFixture>;
