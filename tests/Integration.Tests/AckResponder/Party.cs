using System.Collections.Concurrent;
using System.Text;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.AckResponder;

/// <summary>Somebody at the broker who publishes, and keeps what arrives.</summary>
internal sealed class Party : IMqttHandler, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IMqttClient _client;
    private readonly Task _running;

    private Party(Uri broker, string clientId, string[] filters)
    {
        _client = new MqttClientFactory().Create(
            new MqttClientOptions { Broker = broker, ClientId = clientId, Subscriptions = [.. filters.Select(filter => new MqttSubscription(filter))] }, this);
        _running = _client.RunAsync(_stop.Token);
    }

    public ConcurrentQueue<(string Topic, string Payload, byte[] Correlation)> Arrived { get; } = new();

    public static async Task<Party> JoinAsync(Uri broker, string clientId, params string[] filters)
    {
        var party = new Party(broker, clientId, filters);
        await Eventually.UntilAsync(() => party._client.IsReady, $"{clientId} to be connected");
        return party;
    }

    public void OnMessage(in MqttMessage message)
    {
        Arrived.Enqueue((Encoding.UTF8.GetString(message.Topic), Encoding.UTF8.GetString(message.Payload), message.Packet.CorrelationData ?? []));
        _client.Acknowledge(message.Delivery);
    }

    public ValueTask<MqttReasonCode> PublishAsync(string topic, string payload, CancellationToken cancel) => _client.PublishAsync(
        new MqttPublication { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = MqttQos.AtLeastOnce }, cancel);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _client.DisposeAsync();
        _stop.Dispose();
    }
}
