using System.Text.Json.Serialization;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Ledgers;

/// <summary>The store's side of a run's ledger, as QueryApi gives it at <c>GET /api/runs/{run}/ledger</c>.</summary>
internal sealed record StoredLedger
{
    /// <summary>Different readings that the finished run says it has published; null where its announcement is missing.</summary>
    public long? Published { get; init; }

    /// <summary>Rows.</summary>
    public required long Stored { get; init; }

    /// <summary>Different identities among the rows.</summary>
    public required long Distinct { get; init; }

    /// <summary>Readings that arrived when they were stored already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Identities that were rejected.</summary>
    public required long Rejected { get; init; }

    /// <summary>Identities stored with more than one time.</summary>
    public required long Conflicts { get; init; }

    /// <summary>Readings received at the socket, copies included.</summary>
    public required long Received { get; init; }

    /// <summary>Identities both stored and rejected.</summary>
    public long Overlap { get; init; }

    /// <summary>Identities that the run's plan does not have.</summary>
    public long Unexpected { get; init; }

    /// <summary>Identities neither stored nor rejected; at most 1,000 ranges.</summary>
    public required IReadOnlyList<SeqRange> Missing { get; init; }

    /// <summary>How many of them there are.</summary>
    public required long MissingTotal { get; init; }

    /// <summary>Identities rejected; at most 1,000 ranges.</summary>
    public required IReadOnlyList<SeqRange> RejectedRanges { get; init; }
}

/// <summary>JSON of the ledger and of the report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StoredLedger))]
[JsonSerializable(typeof(Report))]
internal sealed partial class LedgersJson : JsonSerializerContext;
