using System.Collections.Concurrent;
using System.Globalization;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Promise;

/// <summary>
/// Sensors that wake up, publish one reading by a connection of their own at QoS 1, and sleep again once they have its PUBACK: what had one is never
/// sent again. On MQTTnet's own client, as strangers use it.
/// </summary>
internal sealed class Sleepers(MosquittoServer broker)
{
    private const int AtOnce = 8;

    private readonly ConcurrentBag<int> _acknowledged = [];

    /// <summary>Readings that have their PUBACK.</summary>
    public IReadOnlyCollection<int> Acknowledged => _acknowledged;

    /// <summary>Has numbers published on <c>home/{device}/t</c>, each until it has its PUBACK.</summary>
    public Task PublishAsync(string device, int from, int to) => Parallel.ForEachAsync(
        Enumerable.Range(from, to - from + 1),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
        async (number, cancel) => await Eventually.UntilAsync(() => TryPublishAsync($"home/{device}/t", number, cancel), $"a PUBACK for {number}"));

    private async Task<bool> TryPublishAsync(string topic, int number, CancellationToken cancel)
    {
        using var client = new MQTTnet.MqttClientFactory().CreateMqttClient();
        var address = broker.AddressOf("device");
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", address.Port).WithCredentials("device", address.UserInfo.Split(':')[1])
            .WithClientId($"sleeper-{number}").WithTimeout(TimeSpan.FromSeconds(2)).Build();
        try
        {
            await client.ConnectAsync(options, cancel);
            var message = new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(number.ToString(CultureInfo.InvariantCulture)).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build();
            if (!(await client.PublishAsync(message, cancel)).IsSuccess) return false;
            _acknowledged.Add(number);
            await client.DisconnectAsync(cancellationToken: cancel);
        }
        catch (Exception error) when (error is MqttCommunicationException or MqttClientNotConnectedException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            // The broker is being killed: what has no PUBACK is sent again, as such a sensor does.
        }

        return _acknowledged.Contains(number);
    }
}

/// <summary>Listens to nothing.</summary>
internal sealed class Nobody : Tally.Mqtt.IMqttHandler;
