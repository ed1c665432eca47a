namespace Tally.SensorSimulator.Publishing;

/// <summary>The window's size and the times of its re-send rule.</summary>
internal sealed record WindowOptions
{
    /// <summary>
    /// Sendings that may be without an acknowledgement at once, copies included. At 25,000 readings/s and 100 ms from
    /// publish to acknowledgement 2,500 are on their way; four times that keeps the broker busy over a slow commit, and
    /// is still a queue of only some 3 MB at the broker.
    /// </summary>
    public int Size { get; init; } = 10_000;

    /// <summary>Silence after which the oldest reading is sent again as a probe. A hundred times the usual way there and back.</summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The pause between probes doubles up to this: an hour without a database costs some 60 copies, and a pipeline that
    /// is back is noticed within a minute.
    /// </summary>
    public TimeSpan MaxProbeAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a later reading has to be acknowledged before an earlier one that is still open counts as lost. Two instances of
    /// Ingest, one slower than the other by less than this, cause no copies.
    /// </summary>
    public TimeSpan OvertakenAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First pause after the broker said that nobody takes the readings; doubles up to <see cref="MaxRefusedPause"/>.</summary>
    public TimeSpan RefusedPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest pause while nobody takes the readings: one feeler in so much time.</summary>
    public TimeSpan MaxRefusedPause { get; init; } = TimeSpan.FromSeconds(10);
}
