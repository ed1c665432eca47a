namespace Tally.Storage.Model;

/// <summary>A message that could not be stored as readings, kept whole; table <c>dead_letters</c>.</summary>
public sealed class DeadLetterRow
{
    /// <summary>Key.</summary>
    public long Id { get; init; }

    /// <summary>Topic; what is not UTF-8 in it, and NUL, as U+FFFD.</summary>
    public required string Topic { get; init; }

    /// <summary>Payload.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>
    /// SHA-256 of topic, a zero byte and payload. Unique together with the identity, so that redelivery only counts up; the
    /// topic itself, up to 65,535 bytes, would not fit into an index.
    /// </summary>
    public required byte[] MessageHash { get; init; }

    /// <summary>Why, in words: what is alike for all of its kind, and behind the first colon what is its own.</summary>
    public required string Reason { get; init; }

    /// <summary>Key of the run; 0 where unknown.</summary>
    public int RunId { get; init; }

    /// <summary>Device; empty where unknown.</summary>
    public required string Device { get; init; }

    /// <summary>Metric; empty where unknown.</summary>
    public required string Metric { get; init; }

    /// <summary>Sequence number; 0 where unknown.</summary>
    public long Seq { get; init; }

    /// <summary>When it arrived first; the database's clock.</summary>
    public DateTimeOffset FirstSeen { get; init; }

    /// <summary>When it arrived last; the database's clock.</summary>
    public DateTimeOffset LastSeen { get; init; }

    /// <summary>How often it arrived.</summary>
    public long Count { get; init; }

    /// <summary>Name of the source that read it; empty where none reads its topic.</summary>
    public required string Source { get; init; }

    /// <summary>When it was read in again; null: not yet.</summary>
    public DateTimeOffset? ReplayedAt { get; init; }
}
