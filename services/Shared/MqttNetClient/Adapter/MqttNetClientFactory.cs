using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>Makes clients on MQTTnet.</summary>
internal sealed class MqttNetClientFactory(ILoggerFactory? loggers) : IMqttClientFactory
{
    /// <inheritdoc/>
    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        MqttClientOptionsCheck.Check(options);

        // Nobody shall believe that a connection is encrypted that is not.
        if (BrokerAddress.From(options) is { Scheme: not "mqtt" } broker)
            throw new ArgumentException($"MQTT option Broker is {broker.Scheme}://, and the client on MQTTnet speaks mqtt:// only: use the built-in one (Mqtt:Client=builtin).");
        return new MqttNetSession(options, handler, loggers?.CreateLogger<MqttNetSession>() ?? NullLogger<MqttNetSession>.Instance);
    }
}
