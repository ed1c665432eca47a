using Tally.Mqtt;

namespace Tally.Benchmarks.Client;

/// <summary>Publishes as fast as the broker takes it, and measures itself once warm.</summary>
internal sealed class PublishSide(ClientLoad load) : IMqttHandler
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _published;
    private Usage _start;
    private Usage _end;

    /// <summary>Runs it.</summary>
    public async Task<SideFigures> RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var client = new Mqtt.MqttClient(load.Options("benchmark-publish"), this, null);
        var run = client.RunAsync(stop.Token);
        var payload = new byte[ClientLoad.PayloadBytes];
        for (var token = 0; token < load.WarmUp + load.Messages;)
        {
            if (client.TryPublish(new MqttPublication { Topic = ClientLoad.Topic, Payload = payload, Qos = load.Qos }, token))
            {
                token++;

                // Nothing comes back at QoS 0; what was taken goes out at once, and no more waits than a buffer holds.
                if (load.Qos == MqttQos.AtMostOnce) Count();
            }
            else
            {
                await client.WaitToPublishAsync(cancellationToken);
            }
        }

        await Task.WhenAny(_done.Task, run).WaitAsync(cancellationToken);
        await stop.CancelAsync();
        await run;
        return _end.Since(_start, load.Messages);
    }

    void IMqttHandler.OnPublished(long token, MqttReasonCode reason)
    {
        if (reason >= MqttReasonCode.UnspecifiedError) throw new InvalidOperationException($"The broker refuses a message: {reason}.");
        Count();
    }

    private void Count()
    {
        _published++;
        if (_published == load.WarmUp) _start = Usage.Take();
        if (_published != load.WarmUp + load.Messages) return;
        _end = Usage.Take();
        _done.SetResult();
    }
}
