namespace Tally.Storage.Queries;

/// <summary>
/// Compares one series with what should be in it. The islands of what is stored come in order; the rejected ranges are
/// known beforehand, sorted and disjoint. Holds nothing but a position in each.
/// </summary>
/// <param name="name">Device and metric.</param>
/// <param name="planned">Seqs 1 to this one belong to the series; null: unknown, so that only gaps below the largest seq are missing.</param>
/// <param name="rejected">What was rejected.</param>
/// <param name="missing">Where missing ranges go; null where nothing can be missing.</param>
internal sealed class SeriesTally(SeriesName name, long? planned, IReadOnlyList<SeqRange> rejected, RangeList? missing)
{
    private Int128 _covered; // all identities up to here are accounted for; wider than a seq, which may be the largest
    private int _next; // the first rejected range that ends above what is accounted for
    private int _overlapping; // the first rejected range that can overlap the next island
    private Int128 _overlapUnexpected; // identities outside the plan that are both stored and rejected

    public SeriesName Name => name;

    /// <summary>Identities both stored and rejected.</summary>
    public Int128 Overlap { get; private set; }

    /// <summary>Identities outside the plan, stored or rejected.</summary>
    public Int128 Unexpected { get; private set; }

    /// <summary>Seqs that are stored; islands come in order and do not touch.</summary>
    public void AddStored(SeqRange island)
    {
        Cover(island.From);
        CountOverlap(island);
        Unexpected += Outside(island);
        _covered = Int128.Max(_covered, island.To);
    }

    /// <summary>After the last island.</summary>
    public void End()
    {
        foreach (var range in rejected) Unexpected += Outside(range);
        Unexpected -= _overlapUnexpected; // stored and rejected, it is still one identity

        var last = planned ?? (rejected.Count > 0 ? rejected[^1].To : 0);
        Cover((Int128)last + 1);
    }

    /// <summary>Everything below <paramref name="seq"/> that is neither accounted for nor rejected is missing.</summary>
    private void Cover(Int128 seq)
    {
        while (_covered + 1 < seq)
        {
            while (_next < rejected.Count && rejected[_next].To <= _covered) _next++;
            var hasRejected = _next < rejected.Count && rejected[_next].From < seq;
            var until = hasRejected ? rejected[_next].From : seq; // first seq that is not missing
            AddMissing(_covered + 1, until - 1);
            _covered = hasRejected ? Int128.Min(rejected[_next].To, seq - 1) : seq - 1;
        }
    }

    private void AddMissing(Int128 from, Int128 to)
    {
        if (planned is { } last) to = Int128.Min(to, last);
        if (from <= to) missing?.Add(name, new((long)from, (long)to));
    }

    private void CountOverlap(SeqRange island)
    {
        while (_overlapping < rejected.Count && rejected[_overlapping].To < island.From) _overlapping++;
        for (var i = _overlapping; i < rejected.Count && rejected[i].From <= island.To; i++)
        {
            var both = new SeqRange(Math.Max(rejected[i].From, island.From), Math.Min(rejected[i].To, island.To));
            Overlap += both.Count;
            _overlapUnexpected += Outside(both);
        }
    }

    /// <summary>How many identities of a range the plan does not have.</summary>
    private Int128 Outside(SeqRange range)
    {
        if (planned is not { } last) return 0;
        var inside = Int128.Min(range.To, last) - Int128.Max(range.From, 1) + 1;
        return range.Count - Int128.Max(inside, 0);
    }
}
