namespace Tally.Storage.Queries;

/// <summary>Says whether what was counted balances, and if not, why.</summary>
internal static class LedgerVerdict
{
    public static RunLedger Of(RunRecord run, LedgerTally tally, long stored, long unidentified)
    {
        var reasons = ReasonsAgainst(run, tally, stored).ToArray();
        return new()
        {
            Run = run.Name,
            State = run.State,
            Expected = run.Expected,
            Published = run.Published,
            Stored = stored,
            Distinct = Clamp(tally.Distinct),
            Conflicts = tally.Conflicts,
            Rejected = Clamp(tally.Rejected.Identities),
            RejectedUnidentified = unidentified,
            Received = run.Received,
            Duplicates = run.Duplicates,
            Overlap = Clamp(tally.Overlap),
            Unexpected = Clamp(tally.Unexpected),
            Missing = tally.Missing.Sorted(),
            MissingTotal = Clamp(tally.Missing.Identities),
            MissingRanges = tally.Missing.Ranges,
            RejectedRanges = tally.Rejected.Sorted(),
            RejectedRangesTotal = tally.Rejected.Ranges,
            Counters = new(run.Received, run.Stored, run.Duplicates, run.Rejected),
            Balanced = reasons.Length == 0,
            Reasons = reasons,
        };
    }

    private static IEnumerable<string> ReasonsAgainst(RunRecord run, LedgerTally tally, long stored)
    {
        if (run.Id == 0)
        {
            yield return "These readings came without run and number, so nothing says how many there should be.";
        }
        else if (!run.IsAnnounced)
        {
            yield return "The run is not announced, so nothing says how many readings belong to it.";
        }

        if (tally.Missing.Identities > 0) yield return $"{Count(tally.Missing.Identities, "reading is", "readings are")} missing.";
        if (tally.Conflicts > 0) yield return $"{Count(tally.Conflicts, "identity is", "identities are")} stored with more than one time or unit.";
        if (tally.Overlap > 0) yield return $"{Count(tally.Overlap, "identity is", "identities are")} both stored and rejected.";
        if (tally.Unexpected > 0) yield return $"{Count(tally.Unexpected, "identity does", "identities do")} not belong to the run's plan.";
        if (stored != tally.Distinct && tally.Conflicts == 0)
            yield return $"{stored} rows do not agree with {tally.Distinct} identities.";
    }

    private static string Count(Int128 count, string one, string many) => FormattableString.Invariant($"{count:N0} {(count == 1 ? one : many)}");

    /// <summary>A sum over series may be wider than one seq; JSON readers are not.</summary>
    private static long Clamp(Int128 count) => (long)Int128.Min(count, long.MaxValue);
}
