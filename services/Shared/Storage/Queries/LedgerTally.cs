using System.Text;
using Tally.Contracts;

namespace Tally.Storage.Queries;

/// <summary>
/// Counts a run's ledger from its edges: the rows, in order of series and seq, that do not simply follow the row before
/// and precede the row after. Between two edges every identity is stored once. So a million rows without a gap are two
/// edges per device, and the tally holds one series at a time, however many there are.
/// </summary>
internal sealed class LedgerTally
{
    private static readonly List<SeqRange> NoRanges = [];

    private readonly RunPlan? _plan;
    private readonly string? _metric;
    private readonly long _total;
    private readonly long? _count;
    private readonly bool _hasIdentities;
    private readonly Dictionary<SeriesName, List<SeqRange>> _rejected = [];
    private readonly HashSet<int> _seen = []; // numbers of the planned devices of which something is stored or rejected
    private readonly RangeList _missing = new();
    private readonly RangeList _rejectedRanges = new();
    private SeriesTally? _series;
    private SeqRange _island;
    private long? _copied;

    /// <param name="run">The run; foreign readings (run 0) have no plan and no gaps.</param>
    public LedgerTally(RunRecord run)
    {
        _plan = run.Plan;
        _metric = run.Metric;
        _total = Math.Max(0, _plan?.Expected ?? 0);
        _count = _plan is null && run.IsAnnounced ? run.Total : null;
        _hasIdentities = run.Id != 0;
    }

    public Int128 Distinct { get; private set; }

    public long Conflicts { get; private set; }

    public Int128 Overlap { get; private set; }

    public Int128 Unexpected { get; private set; }

    public RangeList Missing => _missing;

    public RangeList Rejected => _rejectedRanges;

    /// <summary>Identities that were rejected; all of them before the first edge, those of one series in order and disjoint.</summary>
    public void AddRejected(string device, string metric, SeqRange range)
    {
        var name = new SeriesName(device, metric);
        if (!_rejected.TryGetValue(name, out var ranges)) _rejected.Add(name, ranges = []);
        ranges.Add(range);
        _rejectedRanges.Add(name, range);
    }

    /// <summary>The first row of a series.</summary>
    public void BeginSeries(string device, string metric, long seq)
    {
        EndSeries();
        _series = Open(new(device, metric));
        _rejected.Remove(_series.Name);
        (_island, _copied) = (new(seq, seq), null);
    }

    /// <summary>A later row of the series that is an edge.</summary>
    /// <param name="seq">Its seq.</param>
    /// <param name="before">Seq of the row before, edge or not.</param>
    public void Add(long seq, long before)
    {
        if (seq == before)
        {
            // The primary key has series, time, run and seq: the same identity again can only have another time.
            if (_copied != seq) Conflicts++;
            _copied = seq;
        }
        else if (seq - before == 1)
        {
            _island = _island with { To = seq };
        }
        else
        {
            CloseIsland(before);
            _island = new(seq, seq);
        }
    }

    /// <summary>After the last edge.</summary>
    public void Complete()
    {
        EndSeries();
        foreach (var name in _rejected.Keys) Close(Open(name));
        AddSilentDevices();
        if (_count is { } count) Compare(count - (Distinct + _rejectedRanges.Identities - Overlap + _missing.Identities));
    }

    /// <summary>Where only the number of identities is known: what fails at the ends of series has no name, what is too much is none of the run's.</summary>
    private void Compare(Int128 difference)
    {
        if (difference > 0) _missing.AddUnlisted(0, difference);
        else Unexpected -= difference;
    }

    private void EndSeries()
    {
        if (_series is null) return;
        CloseIsland(_island.To);
        Close(_series);
        _series = null;
    }

    private void CloseIsland(long to)
    {
        _island = _island with { To = to };
        Distinct += _island.Count;
        _series!.AddStored(_island);
    }

    private SeriesTally Open(SeriesName name)
    {
        var device = _plan is not null && name.Metric == _metric ? RunPlan.DeviceNumber(Encoding.UTF8.GetBytes(name.Device)) : -1;
        var planned = device >= 0 && device < _plan?.Devices;
        if (planned) _seen.Add(device);
        return new(
            name,
            planned ? _plan!.CountOf(device, _total) : _plan is null ? null : 0,
            _rejected.GetValueOrDefault(name, NoRanges),
            _hasIdentities ? _missing : null);
    }

    private void Close(SeriesTally series)
    {
        series.End();
        Overlap += series.Overlap;
        Unexpected += series.Unexpected;
    }

    /// <summary>Devices of the plan of which nothing is there miss all that is theirs; those past the list are only counted.</summary>
    private void AddSilentDevices()
    {
        if (_plan is null) return;

        var silent = Math.Min(_plan.Devices, _total); // with fewer readings than devices the last ones have none
        Int128 identities = _total;
        foreach (var device in _seen)
        {
            identities -= _plan.CountOf(device, _total);
            if (device < _total) silent--;
        }

        for (var device = 0; silent > 0 && !_missing.IsFull; device++)
        {
            if (_seen.Contains(device)) continue;
            var count = _plan.CountOf(device, _total);
            _missing.Add(new(RunPlan.DeviceName(device), _metric ?? ""), new(1, count));
            identities -= count;
            silent--;
        }

        _missing.AddUnlisted(silent, identities);
    }
}
