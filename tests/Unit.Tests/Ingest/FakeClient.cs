using Tally.Mqtt;

namespace Tally.Unit.Tests.Ingest;

/// <summary>A broker that answers as the test says; only faults and timing are made up here.</summary>
internal sealed class FakeClient : IMqttClient, IMqttClientFactory
{
    private readonly List<string> _log = [];
    private readonly Queue<TaskCompletionSource<MqttReasonCode>> _unanswered = new();
    private CancellationToken _stop;

    /// <summary>What happened, in order: <c>publish stored/r1</c>, <c>acknowledge 1,2,3</c>.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    public int Epoch => 1;

    public bool IsReady => true;

    public int Unanswered
    {
        get
        {
            lock (_log) return _unanswered.Count;
        }
    }

    /// <summary>Answers the oldest publication that waits.</summary>
    public void Answer(MqttReasonCode reason) => Next().SetResult(reason);

    /// <summary>Fails the oldest publication that waits.</summary>
    public void Fail(Exception error) => Next().SetException(error);

    public ValueTask<MqttReasonCode> PublishAsync(MqttPublication publication, CancellationToken cancellationToken)
    {
        lock (_log)
        {
            _log.Add($"publish {publication.Topic}");
            var answer = new TaskCompletionSource<MqttReasonCode>(TaskCreationOptions.RunContinuationsAsynchronously);
            _unanswered.Enqueue(answer);
            return new ValueTask<MqttReasonCode>(answer.Task.WaitAsync(cancellationToken));
        }
    }

    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        lock (_log) _log.Add($"acknowledge {string.Join(',', deliveries.ToArray().Select(delivery => delivery.PacketId))}");
    }

    public void Acknowledge(MqttDelivery delivery) => Acknowledge([delivery]);

    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) => this;

    /// <summary>It was told to stop.</summary>
    public bool Stopped => _stop.IsCancellationRequested;

    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        await Task.Delay(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public bool TryPublish(in MqttPublication publication, long token) => false;

    public ValueTask WaitToPublishAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here subscribes later.");

    public Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here unsubscribes.");

    public Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody here disconnects.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private TaskCompletionSource<MqttReasonCode> Next()
    {
        lock (_log) return _unanswered.Dequeue();
    }
}
