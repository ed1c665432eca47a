using System.Collections.Concurrent;
using System.Text;
using Tally.Mqtt;

namespace Tally.Unit.Tests.AckResponder;

/// <summary>A client without a broker: keeps what it is asked to do, and answers as it is told.</summary>
internal sealed class RecordingClient : IMqttClient
{
    public ConcurrentQueue<(string Topic, string Payload, byte[] Correlation)> Published { get; } = new();

    public ConcurrentQueue<MqttDelivery> Acknowledged { get; } = new();

    /// <summary>The broker's answer to a publication, by how many were published before it.</summary>
    public Func<int, string, Task<MqttReasonCode>> Answer { get; set; } = (_, _) => Task.FromResult(MqttReasonCode.Success);

    public int Epoch => 1;

    public bool IsReady => true;

    public Task RunAsync(CancellationToken stop) => Task.Delay(Timeout.Infinite, stop);

    public bool TryPublish(in MqttPublication publication, long token) => false;

    public ValueTask WaitToPublishAsync(CancellationToken cancellationToken) => new(Task.Delay(Timeout.Infinite, cancellationToken));

    public ValueTask<MqttReasonCode> PublishAsync(MqttPublication publication, CancellationToken cancellationToken)
    {
        var topic = publication.Topic;
        var before = Published.Count;
        Published.Enqueue((topic, Encoding.UTF8.GetString(publication.Payload.Span), publication.CorrelationData ?? []));
        return new ValueTask<MqttReasonCode>(Answer(before, topic).WaitAsync(cancellationToken));
    }

    public void Acknowledge(MqttDelivery delivery) => Acknowledged.Enqueue(delivery);

    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        foreach (var delivery in deliveries) Acknowledged.Enqueue(delivery);
    }

    public Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here subscribes later.");

    public Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here unsubscribes.");

    public Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here disconnects.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
