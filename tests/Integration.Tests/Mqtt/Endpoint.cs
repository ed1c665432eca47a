using System.Collections.Concurrent;
using System.Text;
using MQTTnet.Protocol;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>A client at a real broker that writes down what happens to it.</summary>
internal sealed class Endpoint : IMqttHandler, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public Endpoint(MqttClientOptions options)
    {
        Client = new MqttClient(options, this, null);
        Run = Client.RunAsync(_stop.Token);
    }

    public MqttClient Client { get; }

    public Task Run { get; }

    /// <summary>Acknowledges each message when the read it came in is over.</summary>
    public bool Acknowledges { get; init; } = true;

    /// <summary>Holds the broker back while it is not done.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public ConcurrentQueue<Received> Messages { get; } = new();

    public ConcurrentQueue<(long Token, MqttReasonCode Reason)> Published { get; } = new();

    public ConcurrentQueue<long> Returned { get; } = new();

    public ConcurrentQueue<MqttConnected> Connections { get; } = new();

    public ConcurrentQueue<MqttDisconnected> Disconnections { get; } = new();

    public static MqttClientOptions Options(Uri broker, string clientId, params MqttSubscription[] subscriptions) => new()
    {
        Broker = broker,
        ClientId = clientId,
        SessionExpiry = TimeSpan.FromMinutes(5),
        ReconnectDelay = TimeSpan.FromMilliseconds(20),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(200),
        TakeoverDelay = TimeSpan.FromMilliseconds(200),
        Subscriptions = subscriptions,
    };

    public Task UntilReadyAsync(int epoch = 1) => Eventually.UntilAsync(
        () => Client.IsReady && Client.Epoch >= epoch, $"connection {epoch} to be ready");

    public Task UntilReceivedAsync(int count) => Eventually.UntilAsync(() => Messages.Count >= count, $"{count} messages to arrive");

    public Task UntilPublishedAsync(int count) => Eventually.UntilAsync(() => Published.Count >= count, $"{count} messages to be acknowledged");

    public async Task PublishAsync(string topic, long token, CancellationToken cancel, MqttQos qos = MqttQos.AtLeastOnce)
    {
        var topicBytes = Encoding.UTF8.GetBytes(topic);
        var payload = Encoding.UTF8.GetBytes($"{token}");
        while (!Client.TryPublish(new MqttPublication { Topic = topic, Payload = payload, Qos = qos }, token))
            await Client.WaitToPublishAsync(cancel);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Run;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    void IMqttHandler.OnConnected(in MqttConnected connected) => Connections.Enqueue(connected);

    void IMqttHandler.OnDisconnected(in MqttDisconnected disconnected) => Disconnections.Enqueue(disconnected);

    void IMqttHandler.OnPublished(long token, MqttReasonCode reason) => Published.Enqueue((token, reason));

    void IMqttHandler.OnReturned(long token) => Returned.Enqueue(token);

    void IMqttHandler.OnMessage(in MqttMessage message)
    {
        var user = (message.Packet.UserProperties ?? []).Select(pair => (pair.Name, Text(pair.ValueBuffer.Span))).ToList();
        Messages.Enqueue(new Received(
            Text(message.Topic), Text(message.Payload), message.Packet.ContentType ?? "", message.Packet.ResponseTopic ?? "", Text(message.Packet.CorrelationData),
            user, message.Delivery, message.Qos, message.Packet.Retain, message.Packet.Dup)
        {
            PayloadIsText = message.Packet.PayloadFormatIndicator == MqttPayloadFormatIndicator.CharacterData,
            MessageExpiryInterval = message.Packet.MessageExpiryInterval,
            SubscriptionIdentifiers = string.Join(' ', (message.Packet.SubscriptionIdentifiers ?? []).Order()),
        });
        if (Acknowledges) Client.Acknowledge(message.Delivery);
    }

    ValueTask IMqttHandler.OnReadCompletedAsync(CancellationToken cancellationToken) =>
        Hold.IsCompleted ? ValueTask.CompletedTask : new ValueTask(Hold.WaitAsync(cancellationToken));

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}

/// <summary>A message with everything that came with it.</summary>
internal sealed record Received(
    string Topic, string Payload, string ContentType, string ResponseTopic, string CorrelationData, IReadOnlyList<(string Name, string Value)> UserProperties,
    MqttDelivery Delivery, MqttQos Qos, bool Retain, bool Duplicate)
{
    public bool PayloadIsText { get; init; }

    public uint MessageExpiryInterval { get; init; }

    /// <summary>In ascending order, with a space between.</summary>
    public string SubscriptionIdentifiers { get; init; } = "";
}
