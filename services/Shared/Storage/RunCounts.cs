using System.Runtime.InteropServices;

namespace Tally.Storage;

/// <summary>
/// What a batch adds to the counts of each run. Kept by the run's key: two objects can mean one run (see <see cref="Catalog"/>).
/// </summary>
internal sealed class RunCounts
{
    private readonly Dictionary<int, Counts> _byRun = [];

    /// <summary>Runs that something is counted for.</summary>
    public int Count => _byRun.Count;

    /// <summary>The counts of a run, to be changed before the next call. A run that the store will not have counts as foreign.</summary>
    public ref Counts Of(Run? run) => ref Of(run is null || run.Refused is not null ? 0 : run.Id);

    /// <summary>The counts of the run with that key, to be changed before the next call.</summary>
    public ref Counts Of(int run) => ref CollectionsMarshal.GetValueRefOrAddDefault(_byRun, run, out _);

    /// <summary>Keys of the runs, ascending; a new array.</summary>
    public int[] Runs()
    {
        var runs = new int[_byRun.Count];
        _byRun.Keys.CopyTo(runs, 0);
        Array.Sort(runs);
        return runs;
    }

    /// <summary>The merge says what it stored: what it did not store was there.</summary>
    public void AllDuplicates()
    {
        foreach (var run in _byRun.Keys)
        {
            ref var counts = ref Of(run);
            counts.Duplicates += counts.Stored;
            counts.Stored = 0;
        }
    }

    /// <summary>Of the duplicates of a run, so many turned out to be new.</summary>
    public void Stored(int run, long rows)
    {
        ref var counts = ref Of(run);
        counts.Duplicates -= rows;
        counts.Stored += rows;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _byRun.Clear();

    /// <summary>Counts of one run.</summary>
    public struct Counts
    {
        public long Received;
        public long Stored;
        public long Duplicates;
        public long Rejected;
    }
}
