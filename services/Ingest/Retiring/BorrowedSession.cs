using Tally.Mqtt;

namespace Tally.Ingest.Retiring;

/// <summary>
/// Listens to a session of the instance that is retired. Its client connects until it stands once, and never again: who closed the
/// connection may be the instance itself, still running, and the two would take it from each other for ever.
/// </summary>
/// <param name="inner">Gets all that arrives; null: nothing does.</param>
internal sealed class BorrowedSession(IMqttHandler? inner) : IMqttHandler, IDisposable
{
    private readonly TaskCompletionSource<bool> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long _messages;
    private volatile string? _trouble;
    private volatile bool _leaving;

    /// <summary>Ends when the connection stands; whether the broker had the session.</summary>
    public Task<bool> Connected => _connected.Task;

    /// <summary>Ends when the connection is gone before <see cref="Leave"/>, or the broker refuses it, with what the client says about it.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>Why it is not connected yet, where an attempt has failed.</summary>
    public string? Trouble => Connected.IsCompleted ? null : _trouble;

    /// <summary>Messages that arrived.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Connects.</summary>
    public void Start(IMqttClient client) => _running = RunAsync(client);

    /// <summary>From now on the connection may end.</summary>
    public void Leave() => _leaving = true;

    /// <summary>Ends the client, if it has not ended yet, and leaves the session as it is.</summary>
    public async Task StopAsync()
    {
        Leave();
        await _stop.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public void OnConnected(in MqttConnected connected)
    {
        inner?.OnConnected(connected);
        _connected.TrySetResult(connected.SessionPresent);
    }

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        Volatile.Write(ref _messages, _messages + 1); // one connection, one loop
        inner?.OnMessage(message);
    }

    /// <inheritdoc/>
    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken) =>
        inner?.OnReadCompletedAsync(cancellationToken) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void OnDisconnected(in MqttDisconnected disconnected)
    {
        inner?.OnDisconnected(disconnected);
        _trouble = disconnected.Message;
        if (_leaving || disconnected.Epoch == 0) return;
        _stop.Cancel(); // before the client can connect again
        _lost.TrySetResult(disconnected.Message);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private async Task RunAsync(IMqttClient client)
    {
        try
        {
            await client.RunAsync(_stop.Token);
        }
        catch (MqttRefusedException error)
        {
            _lost.TrySetResult(error.Message);
        }
        catch (Exception error)
        {
            _lost.TrySetException(error); // a defect; whoever awaits it throws it
        }
    }
}
