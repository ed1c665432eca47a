using Tally.Storage;

namespace Tally.Ingest.Storing;

/// <summary>What this process has put into the store, over all runs.</summary>
internal sealed class StoredTotals
{
    private long _stored;
    private long _duplicates;
    private long _rejected;

    /// <summary>Readings that are new in the store.</summary>
    public long Stored => Volatile.Read(ref _stored);

    /// <summary>Readings that were in the store already.</summary>
    public long Duplicates => Volatile.Read(ref _duplicates);

    /// <summary>Messages and readings put into dead_letters.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>All of them.</summary>
    public long Readings => Stored + Duplicates + Rejected;

    /// <summary>A batch is committed. For the writer only.</summary>
    public void Add(BatchResult result, int rejected)
    {
        Volatile.Write(ref _stored, _stored + result.Stored);
        Volatile.Write(ref _duplicates, _duplicates + result.Duplicates);
        Volatile.Write(ref _rejected, _rejected + rejected + result.Refused);
    }
}
