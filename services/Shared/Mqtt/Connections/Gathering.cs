namespace Tally.Mqtt.Connections;

/// <summary>
/// Decides when to let bytes gather before the next read, or the next write, and waits. Each small write of a broker wakes an
/// eager reader (about 25 µs of processor time a message); one that sleeps a millisecond takes thirty at once (4 µs). An eager
/// writer sends three readings at a time, 12,000 times a second; one that sleeps a millisecond sends fifty, for a sixth less
/// processor time of the publishing process.
/// The wait is not begun before a stream is seen, and given up when it brings nothing, so a single message or an answer
/// that somebody waits for goes through at once.
/// </summary>
internal sealed class Gathering
{
    // A wait costs one wake-up of its own, so it has to replace at least this many to be worth it.
    private const int WorthIt = 3;

    // Waits in a row are tried when packets came for this many of them at a rate that is worth it.
    private const int WindowInWaits = 4;

    // After a wait that brought nothing the next is tried after one window, then two, four, up to this many.
    private const int LongestPause = 64;

    // A read or write of this much means that enough lies there already.
    private const int EnoughBytes = 32 * 1024;

    private readonly int _milliseconds;
    private long _windowEnd;
    private int _packetsInWindow;
    private int _pause = 1;
    private int _windowsToSkip;
    private bool _streaming;

    public Gathering(TimeSpan time) => _milliseconds = time <= TimeSpan.Zero ? 0 : (int)Math.Ceiling(time.TotalMilliseconds);

    /// <summary>Called after each read or write.</summary>
    /// <param name="bytes">How many bytes it moved.</param>
    /// <param name="packets">How many packets were complete.</param>
    /// <param name="now">Milliseconds of a steady clock.</param>
    public bool ShouldWait(long bytes, int packets, long now)
    {
        if (_milliseconds == 0) return false;
        if (_streaming)
        {
            if (bytes >= EnoughBytes) return false;
            if (packets >= WorthIt)
            {
                _pause = 1;
                return true;
            }

            _streaming = false;
            _windowsToSkip = _pause;
            _pause = Math.Min(2 * _pause, LongestPause);
            OpenWindow(now);
            return false;
        }

        if (now >= _windowEnd)
        {
            if (_windowsToSkip > 0) _windowsToSkip--;
            OpenWindow(now);
        }

        _packetsInWindow += packets;
        if (_windowsToSkip > 0 || _packetsInWindow < WorthIt * WindowInWaits) return false;
        _streaming = true;
        return bytes < EnoughBytes;
    }

    /// <summary>Waits for the gather time. Not cancelled: it is short.</summary>
    public void Wait() => Thread.Sleep(_milliseconds);

    private void OpenWindow(long now)
    {
        _windowEnd = now + (WindowInWaits * _milliseconds);
        _packetsInWindow = 0;
    }
}
