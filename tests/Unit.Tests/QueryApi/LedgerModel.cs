using Tally.Contracts;
using Tally.Storage.Queries;

namespace Tally.Unit.Tests.QueryApi;

/// <summary>The ledger again, as sets in memory: slow, and easy to believe.</summary>
internal sealed class LedgerModel(int devices, long total, bool announced = true)
{
    private const string Metric = "temperature";
    private readonly List<(string Device, string Metric, long Seq)> _rows = [];
    private readonly HashSet<(string Device, string Metric, long Seq)> _rejected = [];

    public void Store(string device, string metric, long seq) => _rows.Add((device, metric, seq));

    public void Reject(string device, string metric, long seq) => _rejected.Add((device, metric, seq));

    public HashSet<(string Device, string Metric, long Seq)> Identities => [.. _rows];

    public long Conflicts => _rows.GroupBy(row => row).Count(copies => copies.Count() > 1);

    public long Overlap => Identities.Intersect(_rejected).Count();

    public long Unexpected => announced ? Identities.Union(_rejected).Except(Planned()).Count() : 0;

    public HashSet<(string Device, string Metric, long Seq)> Missing
    {
        get
        {
            var known = Identities.Union(_rejected).ToHashSet();
            var wanted = announced
                ? Planned()
                : known.GroupBy(one => (one.Device, one.Metric)).SelectMany(series => Series(series.Key, series.Max(one => one.Seq)));
            return [.. wanted.Except(known)];
        }
    }

    /// <summary>Gives the same rows to the tally, as the database would: sorted, and only their edges.</summary>
    public LedgerTally Tally(int runId = 1)
    {
        var tally = new LedgerTally(new()
        {
            Id = runId,
            Name = "r",
            State = announced ? RunState.Started : RunState.Unannounced,
            Expected = announced ? total : null,
            Devices = announced ? devices : null,
            Metric = announced ? Metric : null,
            FirstSeen = DateTimeOffset.UnixEpoch,
            Received = 0,
            Stored = 0,
            Duplicates = 0,
            Rejected = 0,
        });
        foreach (var (device, metric, seq) in _rejected.OrderBy(one => one.Seq)) tally.AddRejected(device, metric, new(seq, seq));
        foreach (var series in _rows.GroupBy(row => (row.Device, row.Metric)))
        {
            var seqs = series.Select(row => row.Seq).Order().ToArray();
            tally.BeginSeries(series.Key.Device, series.Key.Metric, seqs[0]);
            for (var i = 1; i < seqs.Length; i++)
            {
                var follows = seqs[i] - seqs[i - 1] == 1;
                var precedes = i + 1 < seqs.Length && seqs[i + 1] - seqs[i] == 1;
                if (!follows || !precedes) tally.Add(seqs[i], seqs[i - 1]);
            }
        }

        tally.Complete();
        return tally;
    }

    private HashSet<(string Device, string Metric, long Seq)> Planned()
    {
        var plan = new RunPlan(total, devices, DateTimeOffset.UnixEpoch, TimeSpan.Zero);
        var identities = new HashSet<(string, string, long)>();
        for (var index = 0L; index < total; index++)
        {
            var (device, seq) = plan.IdentityOf(index);
            identities.Add((RunPlan.DeviceName(device), Metric, seq));
        }

        return identities;
    }

    private static IEnumerable<(string Device, string Metric, long Seq)> Series((string Device, string Metric) series, long last)
    {
        for (var seq = 1L; seq <= last; seq++) yield return (series.Device, series.Metric, seq);
    }
}
