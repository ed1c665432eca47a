using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Tally.Mqtt;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Writes down what it is told, for a test to wait for.</summary>
internal sealed class RecordingHandler : IMqttHandler
{
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();

    /// <summary>Deliveries in order of arrival.</summary>
    public ConcurrentQueue<MqttDelivery> Deliveries { get; } = new();

    /// <summary>What <see cref="OnReadCompletedAsync"/> returns.</summary>
    public Func<CancellationToken, ValueTask> ReadCompleted { get; set; } = _ => ValueTask.CompletedTask;

    /// <summary>Called for each message before it is written down.</summary>
    public Action Message { get; set; } = () => { };

    /// <summary>The next event, as text; fails after a time that only a failing test uses up.</summary>
    public async Task<string> NextAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ScriptedBroker.Limit);
        return await _events.Reader.ReadAsync(limit.Token);
    }

    /// <summary>The next event that begins so; those before it are passed over.</summary>
    public async Task<string> NextAsync(string start, CancellationToken cancel)
    {
        while (true)
        {
            var next = await NextAsync(cancel);
            if (next.StartsWith(start, StringComparison.Ordinal)) return next;
        }
    }

    public void OnConnected(in MqttConnected connected) =>
        Write($"connected {connected.Epoch} session {(connected.SessionPresent ? "present" : "new")} receive maximum {connected.ConnAck.ReceiveMaximum}");

    public void OnMessage(in MqttMessage message)
    {
        Message();
        Deliveries.Enqueue(message.Delivery);
        Write($"message {Encoding.UTF8.GetString(message.Topic)} {Encoding.UTF8.GetString(message.Payload)}{(message.Packet.Dup ? " dup" : "")}");
    }

    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken) => ReadCompleted(cancellationToken);

    public void OnPublished(long token, MqttReasonCode reason) => Write($"published {token} {reason}");

    public void OnReturned(long token) => Write($"returned {token}");

    public void OnDisconnected(in MqttDisconnected disconnected) => Write($"disconnected {disconnected.Epoch} {disconnected.Reason}: {disconnected.Message}");

    private void Write(string what) => _events.Writer.TryWrite(what);
}
