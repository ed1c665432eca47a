namespace Tally.SensorSimulator.Publishing;

/// <summary>Spreads first sendings over time: the reading with index k is due k / rate seconds after the first.</summary>
/// <param name="rate">Readings per second; 0 sets no limit.</param>
/// <param name="time">The clock.</param>
internal sealed class Pacer(double rate, TimeProvider time)
{
    /// <summary>
    /// What a run that fell behind makes up for at once: a second's worth. More would answer every outage with a burst.
    /// </summary>
    private static readonly TimeSpan MaxLag = TimeSpan.FromSeconds(1);

    private long _start;
    private TimeSpan _shift;
    private bool _started;

    /// <summary>Time until the reading with that index is due; zero or less when it is.</summary>
    public TimeSpan UntilDue(long index)
    {
        if (rate <= 0) return TimeSpan.Zero;
        if (!_started) (_start, _started) = (time.GetTimestamp(), true);
        var until = TimeSpan.FromSeconds(index / rate) + _shift - time.GetElapsedTime(_start);
        if (until < -MaxLag) _shift += -MaxLag - until;
        return until;
    }
}
