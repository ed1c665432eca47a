using Tally.Contracts;

namespace Tally.Storage.Queries;

/// <summary>A run as the store knows it: what was announced, and the counts of all Ingest instances together.</summary>
public sealed record RunRecord
{
    /// <summary>Its key; newer runs have larger ones. The run of foreign readings has 0.</summary>
    public required int Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How far it is.</summary>
    public required RunState State { get; init; }

    /// <summary>Readings it means to publish; null while it is not announced.</summary>
    public long? Expected { get; init; }

    /// <summary>Different readings it has published; null until it says that it is finished.</summary>
    public long? Published { get; init; }

    /// <summary>Devices that take turns; 0 where the names are the publisher's own; null while it is not announced.</summary>
    public int? Devices { get; init; }

    /// <summary>The metric they measure; null while it is not announced.</summary>
    public string? Metric { get; init; }

    /// <summary>Unit of the values; null while it is not announced.</summary>
    public string? Unit { get; init; }

    /// <summary>QoS of the readings; null while it is not announced.</summary>
    public int? Qos { get; init; }

    /// <summary>Where the readings come from; null while it is not announced.</summary>
    public string? Source { get; init; }

    /// <summary>Time of every series' first reading; null while it is not announced.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>Time between two readings of a series, in microseconds; null while it is not announced.</summary>
    public long? StepMicroseconds { get; init; }

    /// <summary>When the store first heard of it, by the database's clock.</summary>
    public required DateTimeOffset FirstSeen { get; init; }

    /// <summary>When it said that it is finished; null before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When its counts last changed; null before anything was received.</summary>
    public DateTimeOffset? UpdatedAt { get; init; }

    /// <summary>Readings received at Ingest's socket, copies included.</summary>
    public required long Received { get; init; }

    /// <summary>Rows written.</summary>
    public required long Stored { get; init; }

    /// <summary>Readings that were stored already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Readings rejected, copies included.</summary>
    public required long Rejected { get; init; }

    /// <summary>It has said how many identities belong to it.</summary>
    public bool IsAnnounced => State != RunState.Unannounced && Total is not null;

    /// <summary>How many identities belong to the run, as far as it has said: published, else expected, else unknown.</summary>
    public long? Total => Published ?? Expected;

    /// <summary>
    /// Which identities belong to it; null while it is not announced, or where the names are the publisher's own. The times of the plan are
    /// left out: an identity has none.
    /// </summary>
    internal RunPlan? Plan =>
        State != RunState.Unannounced && Total is { } total && Devices is > 0 and var devices
            ? new RunPlan(total, devices, DateTimeOffset.UnixEpoch, TimeSpan.Zero)
            : null;
}
