using Tally.Contracts;
using Tally.SensorSimulator.Publishing;

namespace Tally.SensorSimulator.Runs;

/// <summary>How a run came to its end.</summary>
internal enum RunEnd
{
    /// <summary>All of it is published and acknowledged.</summary>
    Completed,

    /// <summary>Nothing was acknowledged for longer than <see cref="RunOptions.StallTimeout"/>.</summary>
    Stalled,

    /// <summary>It was asked to stop.</summary>
    Interrupted,
}

/// <summary>What a run knows of itself when it is over; the store's side of the ledger is not in it.</summary>
internal sealed record RunOutcome
{
    /// <summary>What was asked for.</summary>
    public required RunOptions Options { get; init; }

    /// <summary>How it ended.</summary>
    public required RunEnd End { get; init; }

    /// <summary>Different readings published: the first that many of the plan.</summary>
    public required long Published { get; init; }

    /// <summary>Readings acknowledged as stored, by index.</summary>
    public required IndexSet Stored { get; init; }

    /// <summary>Readings acknowledged as rejected, by index.</summary>
    public required IndexSet Rejected { get; init; }

    /// <summary>Copies sent, probes included.</summary>
    public required long Resent { get; init; }

    /// <summary>Of those, probes.</summary>
    public required long Probes { get; init; }

    /// <summary>From the first publish to the last acknowledgement.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>From the first sending of each reading to its acknowledgement.</summary>
    public required LatencyHistogram Latency { get; init; }

    /// <summary>Messages that the broker dropped during the run; null when that is not known.</summary>
    public required long? BrokerDropped { get; init; }

    /// <summary>Which announcements of the run were never acknowledged; empty when all were.</summary>
    public required IReadOnlyList<RunState> Unannounced { get; init; }

    /// <summary>Identities and times of the run.</summary>
    public RunPlan Plan => Options.ToPlan();

    /// <summary>Different readings acknowledged, one way or the other.</summary>
    public long Acknowledged => Stored.Count + Rejected.Count - Stored.CountCommon(Rejected);

    /// <summary>Readings published and not acknowledged, as ranges.</summary>
    /// <param name="limit">Ranges listed at most.</param>
    public RangeList Outstanding(int limit) => RangeList.Of(Plan, Published, index => !Stored.Contains(index) && !Rejected.Contains(index), limit);
}
