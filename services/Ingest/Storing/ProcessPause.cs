namespace Tally.Ingest.Storing;

/// <summary>
/// Notices when the whole process stood still (SIGSTOP, a suspended machine) for longer than its keep-alive. By then the broker
/// has given up its connection, and may have given its messages to another process of the same name.
/// </summary>
internal sealed class ProcessPause : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _keepAlive;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private DateTimeOffset _lastBeat;
    private long? _end;

    public ProcessPause(IngestOptions options, TimeProvider time)
    {
        (_time, _keepAlive, _lastBeat) = (time, options.KeepAlive, time.GetUtcNow());

        // Four beats in a keep-alive: one that comes late by half of it is no pause yet.
        _timer = time.CreateTimer(static pause => ((ProcessPause)pause!).Beat(), this, _keepAlive / 4, _keepAlive / 4);
    }

    /// <summary>When the last pause ended (<see cref="TimeProvider.GetTimestamp"/>); null when there was none.</summary>
    public long? LastEnd
    {
        get
        {
            Beat(); // after a pause this may run before the timer does
            lock (_gate) return _end;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    /// <summary>By the clock on the wall: the one that only counts forward stands still in a suspended machine.</summary>
    private void Beat()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (now - _lastBeat > _keepAlive) _end = _time.GetTimestamp();
            _lastBeat = now;
        }
    }
}
