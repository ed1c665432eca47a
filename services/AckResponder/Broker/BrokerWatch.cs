using Tally.Mqtt;

namespace Tally.AckResponder.Broker;

/// <summary>
/// Keeps <see cref="BrokerFigures"/> while somebody collects metrics. On a connection of its own: brokers that have no <c>$SYS</c> refuse it or
/// close the connection, which must not be the one that acknowledges. It stands here because this service has the least to do and runs once.
/// </summary>
internal sealed class BrokerWatch(
    Uri broker, AckResponderOptions options, IMqttClientFactory clients, AckResponderMetrics metrics, ILogger<BrokerWatch> logger)
    : BackgroundService, IMqttHandler
{
    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message) => metrics.Broker.OnMessage(message.Topic, message.Payload);

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected) => metrics.Broker.Forget();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!metrics.IsBrokerWatched) return;
        await using var client = clients.Create(
            new MqttClientOptions
            {
                Broker = broker,
                ClientId = options.ClientId + "-broker",
                Subscriptions = [.. BrokerFigures.Topics.Select(topic => new MqttSubscription(topic, MqttQos.AtMostOnce))],
            },
            this);
        try
        {
            await client.RunAsync(stoppingToken);
        }
        catch (MqttRefusedException refused)
        {
            logger.LogInformation("The broker's own figures are not to be had: {Reason}", refused.Message);
        }
    }
}
