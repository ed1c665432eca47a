using System.Threading.Tasks.Sources;

namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// Wakes one waiting loop, from any thread, or after a time. Set while nobody waits it wakes the next wait; set twice it
/// wakes once. Waiting allocates nothing of its own.
/// </summary>
internal sealed class Signal : IValueTaskSource, IDisposable
{
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private bool _waiting;
    private bool _set;

    public Signal(TimeProvider time) =>
        _timer = time.CreateTimer(signal => ((Signal)signal!).Set(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Wakes the waiting loop, now or when it next waits.</summary>
    public void Set()
    {
        lock (_lock)
        {
            if (!_waiting)
            {
                _set = true;
                return;
            }

            _waiting = false;
        }

        _core.SetResult(true);
    }

    /// <summary>Waits for <see cref="Set"/>, at most that long. It may also wake early: look again at what was waited for.</summary>
    public ValueTask WaitAsync(TimeSpan atMost)
    {
        lock (_lock)
        {
            if (_set)
            {
                _set = false;
                return default;
            }

            _core.Reset();
            _waiting = true;
        }

        // Less than a millisecond would be rounded to "at once" by the timer, and the loop would spin.
        _timer.Change(atMost < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : atMost, Timeout.InfiniteTimeSpan);
        return new ValueTask(this, _core.Version);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
