using System.Collections.Concurrent;
using System.Text;
using MQTTnet.Protocol;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>One client at a broker, and what happened to it.</summary>
internal sealed class Party : IMqttHandler, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public Party(IMqttClientFactory clients, MqttClientOptions options)
    {
        Client = clients.Create(options, this);
        Run = Client.RunAsync(_stop.Token);
    }

    public IMqttClient Client { get; }

    public Task Run { get; }

    /// <summary>Acknowledges each message as it comes.</summary>
    public bool Acknowledges { get; set; } = true;

    /// <summary>Holds the broker back while it is not done.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    public ConcurrentQueue<Arrived> Messages { get; } = new();

    public ConcurrentQueue<(long Token, MqttReasonCode Reason)> Published { get; } = new();

    public ConcurrentQueue<long> Returned { get; } = new();

    public ConcurrentQueue<MqttConnected> Connections { get; } = new();

    public ConcurrentQueue<MqttDisconnected> Disconnections { get; } = new();

    /// <summary>The names of what it was told beside messages, in order.</summary>
    public ConcurrentQueue<string> Story { get; } = new();

    public IEnumerable<string> Payloads => Messages.Select(message => message.Payload);

    public async Task<Party> ReadyAsync(int epoch = 1)
    {
        await UntilAsync(() => Run.IsFaulted || (Client.IsReady && Client.Epoch >= epoch), $"connection {epoch} to be ready");
        if (Run.IsFaulted) await Run;
        return this;
    }

    public Task UntilReceivedAsync(int count) => UntilAsync(() => Messages.Count >= count, $"{count} messages to arrive");

    public Task UntilPublishedAsync(int count) => UntilAsync(() => Published.Count >= count, $"{count} messages to be acknowledged");

    /// <summary>Waits for a condition; says what had happened when it does not come.</summary>
    public async Task UntilAsync(Func<bool> condition, string waitingFor)
    {
        try
        {
            await Eventually.UntilAsync(condition, waitingFor);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException(
                $"{error.Message} ({Messages.Count} received, {Published.Count} acknowledged, {Returned.Count} returned; {string.Join(", ", Story)})", error);
        }
    }

    /// <summary>Publishes the token as text, waiting for room and for a connection.</summary>
    public async Task SendAsync(string topic, long token, MqttQos qos, CancellationToken cancel)
    {
        var payload = Encoding.UTF8.GetBytes($"{token}");
        while (!Client.TryPublish(new MqttPublication { Topic = topic, Payload = payload, Qos = qos }, token)) await Client.WaitToPublishAsync(cancel);
    }

    /// <summary>Publishes one message and waits for its acknowledgement.</summary>
    public ValueTask<MqttReasonCode> PublishAsync(string topic, string payload, CancellationToken cancel, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false) =>
        Client.PublishAsync(
            new MqttPublication { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain }, cancel);

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

    void IMqttHandler.OnConnected(in MqttConnected connected)
    {
        Story.Enqueue(connected.SessionPresent ? "connected, session present" : "connected, new session");
        Connections.Enqueue(connected);
    }

    void IMqttHandler.OnDisconnected(in MqttDisconnected disconnected)
    {
        Story.Enqueue($"disconnected: {disconnected.Message}");
        Disconnections.Enqueue(disconnected);
    }

    void IMqttHandler.OnPublished(long token, MqttReasonCode reason) => Published.Enqueue((token, reason));

    void IMqttHandler.OnReturned(long token)
    {
        Story.Enqueue($"returned {token}");
        Returned.Enqueue(token);
    }

    void IMqttHandler.OnMessage(in MqttMessage message)
    {
        Messages.Enqueue(new Arrived
        {
            Topic = Text(message.Topic),
            Payload = Text(message.Payload),
            ContentType = message.Packet.ContentType ?? "",
            ResponseTopic = message.Packet.ResponseTopic ?? "",
            CorrelationData = Text(message.Packet.CorrelationData),
            PayloadIsText = message.Packet.PayloadFormatIndicator == MqttPayloadFormatIndicator.CharacterData,
            MessageExpiryInterval = message.Packet.MessageExpiryInterval,
            UserProperties = [.. (message.Packet.UserProperties ?? []).Select(pair => (pair.Name, Text(pair.ValueBuffer.Span)))],
            SubscriptionIdentifiers = message.Packet.SubscriptionIdentifiers ?? [],
            Delivery = message.Delivery,
            Qos = message.Qos,
            Retain = message.Packet.Retain,
            Duplicate = message.Packet.Dup,
        });
        if (Acknowledges) Client.Acknowledge(message.Delivery);
    }

    ValueTask IMqttHandler.OnReadCompletedAsync(CancellationToken cancellationToken) =>
        Hold.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(Hold.WaitAsync(cancellationToken));

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}

/// <summary>A message with everything that came with it.</summary>
internal sealed record Arrived
{
    public required string Topic { get; init; }

    public required string Payload { get; init; }

    public string ContentType { get; init; } = "";

    public string ResponseTopic { get; init; } = "";

    public string CorrelationData { get; init; } = "";

    public bool PayloadIsText { get; init; }

    public uint MessageExpiryInterval { get; init; }

    public IReadOnlyList<(string Name, string Value)> UserProperties { get; init; } = [];

    public IReadOnlyList<uint> SubscriptionIdentifiers { get; init; } = [];

    public MqttDelivery Delivery { get; init; }

    public MqttQos Qos { get; init; }

    public bool Retain { get; init; }

    public bool Duplicate { get; init; }
}
