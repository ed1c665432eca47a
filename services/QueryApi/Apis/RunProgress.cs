using Tally.Contracts;
using Tally.Storage.Queries;

namespace Tally.QueryApi.Apis;

/// <summary>How far a run is.</summary>
internal sealed record RunProgress
{
    /// <summary>Name of the run; <c>0</c> for readings of publishers that know no runs.</summary>
    public required string Run { get; init; }

    /// <summary>How far it is.</summary>
    public required RunState State { get; init; }

    /// <summary>Readings it means to publish; null while it is not announced.</summary>
    public long? Expected { get; init; }

    /// <summary>Different readings it has published; null until it says that it is finished.</summary>
    public long? Published { get; init; }

    /// <summary>Readings received by Ingest, copies included.</summary>
    public required long Received { get; init; }

    /// <summary>Readings stored.</summary>
    public required long Stored { get; init; }

    /// <summary>Readings received when they were stored already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Readings rejected, copies included.</summary>
    public required long Rejected { get; init; }

    /// <summary>Stored and rejected, in percent of what was published or is expected, rounded down; null while that is unknown.</summary>
    public double? Percent { get; init; }

    /// <summary>
    /// Readings stored per second: over the last five seconds in the events of a run that is going on, else over the
    /// whole run; null before there is anything to count.
    /// </summary>
    public double? Rate { get; init; }

    /// <summary>Seconds until everything expected is stored, at that rate; null when unknown or finished.</summary>
    public double? SecondsLeft { get; init; }

    /// <summary>Devices that take turns; null while it is not announced.</summary>
    public int? Devices { get; init; }

    /// <summary>The metric they measure; null while it is not announced.</summary>
    public string? Metric { get; init; }

    /// <summary>Unit of the values; null while it is not announced.</summary>
    public string? Unit { get; init; }

    /// <summary>QoS of the readings; null while it is not announced.</summary>
    public int? Qos { get; init; }

    /// <summary>Where the readings come from; null while it is not announced.</summary>
    public string? Source { get; init; }

    /// <summary>When the store first heard of it.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>When its counts last changed; null before anything was received.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>When it said that it is finished; null before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The progress of a run, with the rate over the whole of it.</summary>
    public static RunProgress Of(RunRecord run) => Of(run, AverageRate(run));

    /// <summary>The progress of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rate">Readings stored per second; null when unknown.</param>
    public static RunProgress Of(RunRecord run, double? rate)
    {
        var settled = run.Stored + run.Rejected;
        return new()
        {
            Run = run.Name,
            State = run.State,
            Expected = run.Expected,
            Published = run.Published,
            Received = run.Received,
            Stored = run.Stored,
            Duplicates = run.Duplicates,
            Rejected = run.Rejected,
            Percent = PercentOf(settled, run.Total),
            Rate = rate is null ? null : Math.Round(rate.Value, 1),
            SecondsLeft = run.State == RunState.Finished || rate is not > 0 || run.Total is not { } total
                ? null
                : Math.Round(Math.Max(0, total - settled) / rate.Value, 1),
            Devices = run.Devices,
            Metric = run.Metric,
            Unit = run.Unit,
            Qos = run.Qos,
            Source = run.Source,
            FirstSeen = run.FirstSeen,
            UpdatedAt = run.UpdatedAt,
            FinishedAt = run.FinishedAt,
        };
    }

    /// <summary>Readings stored per second from the first to the last commit; null before the second one.</summary>
    public static double? AverageRate(RunRecord run) =>
        run.UpdatedAt is { } updated && updated > run.FirstSeen ? run.Stored / (updated - run.FirstSeen).TotalSeconds : null;

    /// <summary>Two digits, rounded down: 100 says that nothing is left. A redelivered rejection is counted again, hence the limit.</summary>
    private static double? PercentOf(long settled, long? total) => total switch
    {
        null => null,
        <= 0 => 100,
        { } all => Math.Min(100, Math.Floor(settled * 10_000.0 / all) / 100),
    };
}

/// <summary>Runs, the newest first.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Next">What to give as <c>before</c> for the next page; null on the last one.</param>
internal sealed record RunPage(IReadOnlyList<RunProgress> Runs, string? Next);
