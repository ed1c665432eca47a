namespace Tally.SensorSimulator.Runs;

/// <summary>The rate of a count over the last five seconds: long enough to be calm, short enough to show an outage.</summary>
internal sealed class RateMeter(TimeProvider time)
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(500);
    private readonly (long At, long Count)[] _samples = new (long, long)[10];
    private int _next;
    private int _filled;

    /// <summary>Tells the count of now and gives the rate per second.</summary>
    public double Update(long count)
    {
        var now = time.GetTimestamp();
        var newest = _samples[(_next + _samples.Length - 1) % _samples.Length];
        if (_filled == 0 || time.GetElapsedTime(newest.At, now) >= SampleEvery)
        {
            _samples[_next] = (now, count);
            _next = (_next + 1) % _samples.Length;
            _filled = Math.Min(_filled + 1, _samples.Length);
        }

        var oldest = _samples[_filled < _samples.Length ? 0 : _next];
        var seconds = time.GetElapsedTime(oldest.At, now).TotalSeconds;
        return seconds > 0 ? (count - oldest.Count) / seconds : 0;
    }
}
