namespace Tally.QueryApi.Events;

/// <summary>The rate of a count over the last seconds.</summary>
/// <param name="window">How far back it looks.</param>
internal sealed class RateMeter(TimeSpan window)
{
    private readonly Queue<(TimeSpan At, long Count)> _samples = [];
    private long _last;

    /// <summary>Adds a sample and gives the rate per second; null after the first one.</summary>
    /// <param name="at">Time, from any start; not before the one of the sample before.</param>
    /// <param name="count">The count. Smaller than before: another run, which starts afresh.</param>
    public double? Add(TimeSpan at, long count)
    {
        if (count < _last) _samples.Clear();
        _last = count;
        _samples.Enqueue((at, count));
        while (_samples.Count > 2 && at - _samples.Peek().At > window) _samples.Dequeue();

        var (since, before) = _samples.Peek();
        return at > since ? (count - before) / (at - since).TotalSeconds : null;
    }

    /// <summary>Forgets all samples.</summary>
    public void Clear()
    {
        _samples.Clear();
        _last = 0;
    }
}
