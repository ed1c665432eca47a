using System.Text;
using Tally.Mqtt;

namespace Tally.AckResponder.Broker;

/// <summary>
/// Listens to what the broker says of itself: <see cref="BrokerFigures"/>, and its log for <see cref="BrokerSigns"/>. On a connection of its own:
/// brokers that have no <c>$SYS</c> refuse it or close the connection, which must not be the one that acknowledges. It stands here because this
/// service has the least to do and runs once.
/// </summary>
internal sealed class BrokerWatch(
    BrokerSessions sessions, IMqttClientFactory clients, AckResponderMetrics metrics, BrokerSigns signs, ILogger<BrokerWatch> logger)
    : BackgroundService, IMqttHandler
{
    // Notices, warnings and errors of Mosquitto 2.0 (log_dest topic).
    private static readonly string[] LogTopics = ["$SYS/broker/log/N", "$SYS/broker/log/W", "$SYS/broker/log/E"];

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        if (message.Topic.StartsWith("$SYS/broker/log/"u8))
        {
            signs.OnLogLine(Encoding.UTF8.GetString(message.Payload));
            return;
        }

        metrics.Broker.OnMessage(message.Topic, message.Payload);
        signs.OnFigures(metrics.Broker);
    }

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected) => metrics.Broker.Forget();

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var client = clients.Create(
            new MqttClientOptions
            {
                Broker = sessions.Broker,
                ClientId = sessions.ClientId + "-broker",
                Subscriptions = [.. BrokerFigures.Topics.Concat(LogTopics).Select(topic => new MqttSubscription(topic, MqttQos.AtMostOnce))],
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
