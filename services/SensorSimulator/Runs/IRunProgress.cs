namespace Tally.SensorSimulator.Runs;

/// <summary>Is told how a run goes. Calls come one at a time, never from the connection's own loop.</summary>
internal interface IRunProgress
{
    /// <summary>How far the run is; called several times a second.</summary>
    void OnProgress(in RunSnapshot snapshot);

    /// <summary>Something happened that a person should know: one line.</summary>
    void OnNote(string line);
}

/// <summary>How far a run is.</summary>
/// <param name="Expected">Readings of the run.</param>
/// <param name="Published">Different readings published.</param>
/// <param name="Acknowledged">Readings acknowledged.</param>
/// <param name="Rate">Acknowledged readings per second, over the last seconds.</param>
/// <param name="Elapsed">Since the run began.</param>
internal readonly record struct RunSnapshot(long Expected, long Published, long Acknowledged, double Rate, TimeSpan Elapsed)
{
    /// <summary>Time left at this rate; null while nothing moves.</summary>
    public TimeSpan? TimeLeft => Rate > 0 ? TimeSpan.FromSeconds(Math.Min((Expected - Acknowledged) / Rate, TimeSpan.FromDays(999).TotalSeconds)) : null;
}
