using Tally.Mqtt;

namespace Tally.Benchmarks.Client;

/// <summary>Receives, acknowledges what came with each read together, and measures itself once warm.</summary>
internal sealed class ReceiveSide(ClientLoad load) : IMqttHandler
{
    // As many as a read can bring: 128 kB of messages of 140 bytes, and then some.
    private readonly MqttDelivery[] _deliveries = new MqttDelivery[4096];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Acknowledger? _acknowledge;
    private int _pending;
    private int _received;
    private Usage _start;
    private Usage _end;

    private delegate void Acknowledger(ReadOnlySpan<MqttDelivery> deliveries);

    /// <summary>Runs it; calls <paramref name="ready"/> when it is subscribed.</summary>
    public async Task<SideFigures> RunAsync(Action ready, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var client = new Mqtt.MqttClient(load.Options("benchmark-receive", new MqttSubscription("telemetry/#", load.Qos)), this, null);
        _acknowledge = client.Acknowledge;
        var run = client.RunAsync(stop.Token);
        while (!client.IsReady && !run.IsCompleted) await Task.Delay(10, cancellationToken);
        ready();
        await Task.WhenAny(_done.Task, run).WaitAsync(cancellationToken);
        await stop.CancelAsync();
        await run;
        return _end.Since(_start, load.Messages);
    }

    void IMqttHandler.OnMessage(in MqttMessage message)
    {
        if (_pending == _deliveries.Length) Acknowledge();
        _deliveries[_pending++] = message.Delivery;
        _received++;
        if (_received == load.WarmUp) _start = Usage.Take();
        if (_received != load.WarmUp + load.Messages) return;
        _end = Usage.Take();
        _done.SetResult();
    }

    ValueTask IMqttHandler.OnReadCompletedAsync(CancellationToken cancellationToken)
    {
        Acknowledge();
        return ValueTask.CompletedTask;
    }

    private void Acknowledge()
    {
        _acknowledge!(_deliveries.AsSpan(0, _pending));
        _pending = 0;
    }
}
