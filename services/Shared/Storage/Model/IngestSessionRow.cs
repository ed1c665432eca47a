namespace Tally.Storage.Model;

/// <summary>The session of an instance of Ingest at the broker; table <c>ingest_sessions</c>.</summary>
public sealed class IngestSessionRow
{
    /// <summary>Name of the instance.</summary>
    public required string Instance { get; init; }

    /// <summary>Part of its client identifiers that nobody can guess.</summary>
    public required string Key { get; init; }

    /// <summary>Topic filters that it may be subscribed to, with <c>$share/{group}/</c> where they are shared.</summary>
    public required string[] Filters { get; init; }
}
