namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// While the broker answers that nobody takes the readings, one feeler at a time goes out, with growing pauses: without
/// that, a window of copies would be poured into nothing as fast as the broker can say no.
/// </summary>
internal sealed class Refusal(WindowOptions options, TimeProvider time)
{
    private volatile bool _refused;
    private long _feeler;
    private long _since;
    private TimeSpan _pause;

    /// <summary>The broker said no, and has not said yes since.</summary>
    public bool IsRefused => _refused;

    /// <summary>Whether something may be sent now.</summary>
    public bool Allows() => !_refused || (_feeler == 0 && time.GetElapsedTime(_since) >= _pause);

    /// <summary>Something is sent; while refused, it is the feeler.</summary>
    public void OnSent(long token)
    {
        if (_refused) _feeler = token;
    }

    /// <summary>It was not sent after all.</summary>
    public void OnWithdrawn(long token)
    {
        if (token == _feeler) _feeler = 0;
    }

    /// <summary>The broker said no. Many sendings of one burst may say so; only the first and then the feeler count.</summary>
    public void OnRefused(long token)
    {
        if (_refused && token != _feeler) return;
        var doubled = _refused ? _pause * 2 : options.RefusedPause;
        _pause = doubled < options.MaxRefusedPause ? doubled : options.MaxRefusedPause;
        _since = time.GetTimestamp();
        _feeler = 0;
        _refused = true;
    }

    /// <summary>The broker said yes: somebody takes the readings.</summary>
    public void OnAccepted() => (_refused, _feeler) = (false, 0);

    /// <summary>The feeler will not be answered; the next one goes out after the pause.</summary>
    public void OnSessionLost() => _feeler = 0;
}
