using System.Threading.Tasks.Sources;

namespace Tally.Mqtt.Session;

/// <summary>
/// The one that waits for room to publish. Allocates nothing once warm. All but <see cref="IValueTaskSource"/> is called
/// under the client's lock.
/// </summary>
internal sealed class PublishWaiter(Lock gate) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private bool _waiting;

    public ValueTask Wait(CancellationToken cancellationToken)
    {
        if (_waiting) throw new InvalidOperationException("WaitToPublishAsync is already being awaited; one waiter at a time.");
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        _source.Reset();
        _waiting = true;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static self => ((PublishWaiter)self!).Cancel(), this);
        return new ValueTask(this, _source.Version);
    }

    public void Release()
    {
        if (!_waiting) return;
        _waiting = false;
        _source.SetResult(true);
    }

    public void Fail(Exception error)
    {
        if (!_waiting) return;
        _waiting = false;
        _source.SetException(error);
    }

    private void Cancel()
    {
        lock (gate) Fail(new OperationCanceledException(_cancellationToken));
    }

    void IValueTaskSource.GetResult(short token)
    {
        // Waits for a cancellation that is just running, so that it cannot reach into the next wait.
        _registration.Dispose();
        _source.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
