namespace Tally.Mqtt.Connections;

/// <summary>
/// Decides when to ping and when a broker is dead. Times are milliseconds of a steady clock. A silence of the broker
/// counts only while it could have been heard: not while the owner holds the broker back, and not while this process was
/// itself stopped.
/// </summary>
internal sealed class SilenceWatch(TimeSpan keepAlive, long now)
{
    // The broker counts from the last packet that reached it, so the ping leaves an eighth early, and a look may be late by as much.
    private const int EarlyShare = 4;

    private readonly long _interval = (long)keepAlive.TotalMilliseconds;
    private long _looked = now;
    private long? _pinged;

    internal enum Verdict
    {
        Fine,
        Ping,
        Dead,
    }

    public Verdict Look(long now, long lastSent, long lastReceived, bool paused)
    {
        if (_interval <= 0) return Verdict.Fine;
        var stopped = now - _looked > _interval / 2;
        _looked = now;
        if (_pinged is { } since)
        {
            if (lastReceived >= since) _pinged = null;
            else if (paused || stopped) _pinged = now;
            else if (now - since >= _interval) return Verdict.Dead;
        }

        var early = _interval / EarlyShare;
        var sendQuiet = now - lastSent;
        var receiveQuiet = paused ? 0 : now - lastReceived;
        if (sendQuiet < _interval - early && (_pinged is not null || receiveQuiet < _interval - early)) return Verdict.Fine;

        // A ping is out already, but is not heard while paused: the broker still has to hear from us.
        _pinged ??= now;
        return Verdict.Ping;
    }
}
