using Tally.Contracts;

namespace Tally.Storage.Queries;

/// <summary>The identities from one seq to another, both included, of one series.</summary>
/// <param name="Device">Device.</param>
/// <param name="Metric">Metric.</param>
/// <param name="From">First seq.</param>
/// <param name="To">Last seq.</param>
public sealed record IdentityRange(string Device, string Metric, long From, long To);

/// <summary>What Ingest counted while the run was received, over all its instances and lives.</summary>
/// <param name="Received">Readings received at the socket, copies included.</param>
/// <param name="Stored">Rows written.</param>
/// <param name="Duplicates">Readings that were stored already.</param>
/// <param name="Rejected">Readings rejected, copies included.</param>
public sealed record RunCounters(long Received, long Stored, long Duplicates, long Rejected);

/// <summary>The stored side of a run's ledger, counted from the rows themselves in one snapshot of the database.</summary>
public sealed record RunLedger
{
    /// <summary>Name of the run.</summary>
    public required string Run { get; init; }

    /// <summary>How far it is.</summary>
    public required RunState State { get; init; }

    /// <summary>Readings it means to publish; null while it is not announced.</summary>
    public long? Expected { get; init; }

    /// <summary>Different readings it has published; null until it says that it is finished.</summary>
    public long? Published { get; init; }

    /// <summary>Rows: <c>count(*)</c>.</summary>
    public required long Stored { get; init; }

    /// <summary>Different identities (run, device, metric, seq) among the rows.</summary>
    public required long Distinct { get; init; }

    /// <summary>Identities stored more than once, with different times.</summary>
    public required long Conflicts { get; init; }

    /// <summary>Different identities that were rejected and are kept as dead letters.</summary>
    public required long Rejected { get; init; }

    /// <summary>Dead letters of the run whose identity is not known.</summary>
    public required long RejectedUnidentified { get; init; }

    /// <summary>Readings received at Ingest's socket, copies included.</summary>
    public required long Received { get; init; }

    /// <summary>Readings that arrived when they were stored already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Identities both stored and rejected.</summary>
    public required long Overlap { get; init; }

    /// <summary>Identities stored or rejected that the run's plan does not have; 0 while it is not announced.</summary>
    public required long Unexpected { get; init; }

    /// <summary>
    /// Identities neither stored nor rejected, at most 1,000 ranges. Of an announced run those its plan has (as many as
    /// it published, or means to); else the gaps below the largest seq of each series.
    /// </summary>
    public required IReadOnlyList<IdentityRange> Missing { get; init; }

    /// <summary>Identities missing, all of them.</summary>
    public required long MissingTotal { get; init; }

    /// <summary>Ranges they form, all of them.</summary>
    public required long MissingRanges { get; init; }

    /// <summary>Identities rejected, at most 1,000 ranges.</summary>
    public required IReadOnlyList<IdentityRange> RejectedRanges { get; init; }

    /// <summary>Ranges they form, all of them.</summary>
    public required long RejectedRangesTotal { get; init; }

    /// <summary>What Ingest counted on the way; the sets above are the proof.</summary>
    public required RunCounters Counters { get; init; }

    /// <summary>
    /// Whether the stored side balances: the run is announced, each identity of its plan is either stored once or rejected,
    /// and there is no other.
    /// </summary>
    public required bool Balanced { get; init; }

    /// <summary>Why it does not balance, a sentence each; empty when it does.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
}
