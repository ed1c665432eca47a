using Microsoft.Extensions.Logging;

namespace Tally.Mqtt;

/// <summary>Makes clients.</summary>
public interface IMqttClientFactory
{
    /// <summary>Makes a client that is not connected yet; <see cref="IMqttClient.RunAsync"/> connects it.</summary>
    /// <param name="options">Broker, session and limits.</param>
    /// <param name="handler">What to tell; known before the first connection, so nothing arrives unheard.</param>
    /// <exception cref="ArgumentException">An option cannot be used; names it and what is allowed.</exception>
    IMqttClient Create(MqttClientOptions options, IMqttHandler handler);
}

/// <summary>Makes clients of <see cref="MqttClient"/>.</summary>
public sealed class MqttClientFactory(ILoggerFactory? loggers = null) : IMqttClientFactory
{
    /// <inheritdoc/>
    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) => new MqttClient(options, handler, loggers?.CreateLogger<MqttClient>());
}
