namespace Tally.Storage.Model;

/// <summary>
/// What one instance of Ingest has counted for one run; table <c>run_progress</c>. Sum over the instances: with one row for
/// all of them they would wait for each other.
/// </summary>
public sealed class RunProgressRow
{
    /// <summary>Key of the run.</summary>
    public int RunId { get; init; }

    /// <summary>Name of the instance.</summary>
    public required string Instance { get; init; }

    /// <summary>Readings received at the socket; of a life of Ingest that crashed, those it had committed.</summary>
    public long Received { get; init; }

    /// <summary>Rows stored.</summary>
    public long Stored { get; init; }

    /// <summary>Readings that were stored already.</summary>
    public long Duplicates { get; init; }

    /// <summary>Messages and readings that became dead letters.</summary>
    public long Rejected { get; init; }

    /// <summary>When a batch last counted; the database's clock.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>
    /// Mark of the batch that counted last: when the outcome of a commit is unknown, finding its own mark here tells the
    /// writer that the commit had happened.
    /// </summary>
    public long LastBatch { get; init; }
}
