namespace Tally.Mqtt.Connections;

/// <summary>Exponential back-off with full jitter: a random time below a bound that doubles, so that many clients of a broker that restarts do not come at once.</summary>
internal sealed class BackOff(TimeSpan first, TimeSpan longest, Random random)
{
    private int _failures;

    /// <summary>The next pause.</summary>
    public TimeSpan Next()
    {
        // 2^30 times any sensible first pause is longer than any longest.
        var bound = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * (1L << Math.Min(_failures, 30)));
        _failures++;
        return TimeSpan.FromMilliseconds(bound * random.NextDouble());
    }

    public void Reset() => _failures = 0;
}
