using System.Threading.Tasks.Sources;

namespace Tally.Mqtt;

/// <summary>
/// Wakes one waiting loop; a signal given while nobody waits is kept, two are kept as one. Allocates nothing: the value
/// task source is used again for each wait.
/// </summary>
internal sealed class AsyncSignal : IValueTaskSource
{
    private const int None = 0;
    private const int Kept = 1;
    private const int Awaited = 2;

    // The setter may hold a lock or be in the middle of a burst: the waiter goes on in the thread pool.
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private int _state;

    /// <summary>Waits for the next signal. One waiter only.</summary>
    public ValueTask WaitAsync()
    {
        _source.Reset();
        if (Interlocked.CompareExchange(ref _state, Awaited, None) == None) return new ValueTask(this, _source.Version);
        Volatile.Write(ref _state, None);
        return ValueTask.CompletedTask;
    }

    public void Set()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state == Kept) return;
            if (state == None)
            {
                if (Interlocked.CompareExchange(ref _state, Kept, None) == None) return;
            }
            else if (Interlocked.CompareExchange(ref _state, None, Awaited) == Awaited)
            {
                _source.SetResult(true);
                return;
            }
        }
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
