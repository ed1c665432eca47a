namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// Knows up to which position something has been acknowledged for longer than
/// <see cref="WindowOptions.OvertakenAfter"/>. Two marks are enough: what the highest acknowledged position was when the
/// younger mark was set is old enough once that mark is; so the answer lags by at most once more that time.
/// </summary>
internal sealed class Overtaking(WindowOptions options, TimeProvider time)
{
    private long _highest;
    private long _mark;
    private long _markedAt = time.GetTimestamp();
    private long _before;

    /// <summary>Something sent at that position is acknowledged.</summary>
    public void OnAcknowledged(long position) => _highest = Math.Max(_highest, position);

    /// <summary>What was sent before this position and is still open is lost.</summary>
    public long Before()
    {
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(_markedAt, now) >= options.OvertakenAfter)
        {
            (_before, _mark, _markedAt) = (_mark, _highest, now);
        }

        return _before;
    }
}
