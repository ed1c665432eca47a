namespace Tally.Storage.Queries;

/// <summary>Ranges of which only the first thousand are kept, and all are counted.</summary>
internal sealed class RangeList
{
    /// <summary>Enough to see what is wrong, little enough for one page: about 80 kB of JSON.</summary>
    public const int Listed = 1000;

    private readonly List<IdentityRange> _ranges = [];

    public long Ranges { get; private set; }

    public Int128 Identities { get; private set; }

    public bool IsFull => _ranges.Count == Listed;

    public void Add(SeriesName series, SeqRange range)
    {
        if (!IsFull) _ranges.Add(new(series.Device, series.Metric, range.From, range.To));
        Ranges++;
        Identities += range.Count;
    }

    /// <summary>Counts ranges that are not listed any more.</summary>
    public void AddUnlisted(long ranges, Int128 identities)
    {
        Ranges += ranges;
        Identities += identities;
    }

    /// <summary>What is listed, by device, metric and seq.</summary>
    public IReadOnlyList<IdentityRange> Sorted()
    {
        _ranges.Sort((a, b) =>
        {
            // By length first, so that sensor-10000 comes after sensor-9999.
            var order = a.Device.Length.CompareTo(b.Device.Length);
            if (order == 0) order = string.CompareOrdinal(a.Device, b.Device);
            if (order == 0) order = string.CompareOrdinal(a.Metric, b.Metric);
            return order != 0 ? order : a.From.CompareTo(b.From);
        });
        return _ranges;
    }
}

/// <summary>Device and metric.</summary>
internal readonly record struct SeriesName(string Device, string Metric);
