namespace Tally.Mqtt.Connections;

/// <summary>
/// Decides when to ping and when a broker is dead. Times are milliseconds of a steady clock. A silence of the broker counts only while it
/// could have been heard: not while the owner holds the broker back, and not while this process was itself stopped.
/// </summary>
internal sealed class SilenceWatch(TimeSpan keepAlive, long now)
{
    private readonly long _interval = (long)keepAlive.TotalMilliseconds;
    private long _looked = now;
    private long? _pinged;

    internal enum Verdict { Fine, Ping, Dead }

    public Verdict Look(long now, long lastSent, long lastReceived, bool paused)
    {
        if (_interval == 0) return Verdict.Fine;
        var stopped = now - _looked > _interval / 2;
        _looked = now;
        if (lastReceived >= _pinged) _pinged = null;
        else if (_pinged is not null && (paused || stopped)) _pinged = now;
        else if (now - _pinged >= _interval) return Verdict.Dead;

        // The broker counts from the last packet that reached it, so the ping leaves an eighth early, and a look may be late by as much.
        // While one is out already the broker still has to hear from us.
        var quiet = _interval - (_interval / 4);
        if (now - lastSent < quiet && (_pinged is not null || paused || now - lastReceived < quiet)) return Verdict.Fine;
        _pinged ??= now;
        return Verdict.Ping;
    }
}
