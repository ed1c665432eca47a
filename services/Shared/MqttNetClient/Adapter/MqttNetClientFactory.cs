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
        BrokerChannel.Check(options);
        return new MqttNetSession(options, handler, loggers?.CreateLogger<MqttNetSession>() ?? NullLogger<MqttNetSession>.Instance);
    }
}
