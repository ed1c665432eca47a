using MQTTnet;
using MQTTnet.Protocol;

namespace Tally.Benchmarks.Client;

/// <summary>The same with MQTTnet's own high-level client: as many publishes at once as Tally's window, and its own acknowledging.</summary>
internal sealed class MqttNetSide(ClientLoad load)
{
    private const int Window = 1_000;

    private Usage _start;
    private int _received;

    /// <summary>Publishes.</summary>
    public async Task<SideFigures> PublishAsync(CancellationToken cancellationToken)
    {
        using var client = await ConnectAsync("benchmark-publish", cancellationToken);
        var message = new MqttApplicationMessageBuilder().WithTopic(ClientLoad.Topic).WithPayload(new byte[ClientLoad.PayloadBytes])
            .WithQualityOfServiceLevel((MqttQualityOfServiceLevel)load.Qos).Build();
        var inFlight = new Queue<Task>(Window);
        for (var count = 0; count < load.WarmUp + load.Messages; count++)
        {
            if (count == load.WarmUp) _start = Usage.Take();
            if (inFlight.Count == Window) await inFlight.Dequeue();
            inFlight.Enqueue(client.PublishAsync(message, cancellationToken));
        }

        await Task.WhenAll(inFlight);
        return Usage.Take().Since(_start, load.Messages);
    }

    /// <summary>Receives; calls <paramref name="ready"/> when it is subscribed.</summary>
    public async Task<SideFigures> ReceiveAsync(Action ready, CancellationToken cancellationToken)
    {
        using var client = await ConnectAsync("benchmark-receive", cancellationToken);
        var end = new TaskCompletionSource<Usage>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ApplicationMessageReceivedAsync += _ =>
        {
            if (++_received == load.WarmUp) _start = Usage.Take();
            if (_received == load.WarmUp + load.Messages) end.SetResult(Usage.Take());
            return Task.CompletedTask;
        };
        await client.SubscribeAsync("telemetry/#", (MqttQualityOfServiceLevel)load.Qos, cancellationToken);
        ready();
        return (await end.Task.WaitAsync(cancellationToken)).Since(_start, load.Messages);
    }

    private async Task<MQTTnet.IMqttClient> ConnectAsync(string clientId, CancellationToken cancellationToken)
    {
        var client = new MQTTnet.MqttClientFactory().CreateMqttClient();
        var user = load.Broker.UserInfo.Split(':');
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer(load.Broker.Host, load.Broker.Port).WithCredentials(user[0], Uri.UnescapeDataString(user[1]))
                .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).WithClientId(clientId).WithCleanStart().Build(),
            cancellationToken);
        return client;
    }
}
