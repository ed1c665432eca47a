using Microsoft.Extensions.Logging;

namespace Tally.Mqtt;

/// <summary>Makes built-in clients.</summary>
public sealed class MqttClientFactory(ILoggerFactory? loggers = null) : IMqttClientFactory
{
    /// <inheritdoc/>
    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) =>
        new MqttClient(options, handler, loggers?.CreateLogger<MqttClient>());
}
