namespace Tally.Mqtt.Connections;

/// <summary>
/// Decides when to let bytes gather before the next read, or the next write. Each small write of a broker wakes an eager reader (about
/// 25 µs of processor time a message); one that sleeps a millisecond takes thirty at once (4 µs). An eager writer sends three readings at
/// a time; one that sleeps a millisecond sends fifty, for a sixth less processor time of the publishing process. The wait is not begun
/// before a stream is seen, and given up when it brings nothing, so a single message or an answer that somebody waits for goes at once.
/// </summary>
internal sealed class Gathering(TimeSpan time)
{
    // A wait costs one wake-up of its own, so it has to replace at least so many packets to be worth it; and waits in a row are tried when
    // packets came for so many of them at a rate that is worth it.
    private const int WorthIt = 3, WindowInWaits = 4;

    private const int LongestPause = 64; // windows: after a wait that brought nothing the next is tried after one, then two, four, up to so many
    private const int EnoughBytes = 32 * 1024; // a read or write of so much means that enough lies there already

    private readonly int _milliseconds = (int)Math.Ceiling(time.TotalMilliseconds);
    private long _windowEnd;
    private int _packetsInWindow;
    private int _pause = 1;
    private int _windowsToSkip;
    private bool _streaming;

    /// <summary>Called after each read or write of so many bytes and complete packets, at a time in milliseconds of a steady clock.</summary>
    public bool ShouldWait(long bytes, int packets, long now)
    {
        if (_milliseconds == 0) return false;
        if (_streaming)
        {
            if (bytes >= EnoughBytes) return false;
            _streaming = packets >= WorthIt;
            _windowsToSkip = _streaming ? 0 : _pause;
            _pause = _streaming ? 1 : Math.Min(2 * _pause, LongestPause);
            if (!_streaming) OpenWindow(now);
            return _streaming;
        }

        if (now >= _windowEnd)
        {
            if (_windowsToSkip > 0) _windowsToSkip--;
            OpenWindow(now);
        }

        _packetsInWindow += packets;
        _streaming = _windowsToSkip == 0 && _packetsInWindow >= WorthIt * WindowInWaits;
        return _streaming && bytes < EnoughBytes;
    }

    /// <summary>Waits for the gather time. Not cancelled: it is short.</summary>
    public void Wait() => Thread.Sleep(_milliseconds);

    private void OpenWindow(long now) => (_windowEnd, _packetsInWindow) = (now + (WindowInWaits * _milliseconds), 0);
}
