using System.Text;
using Tally.Contracts;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Ledgers;

/// <summary>
/// Both sides of a run, laid against each other by identity: published = stored + rejected = acknowledged, as disjoint sets.
/// </summary>
/// <param name="Run">What the publisher knows.</param>
/// <param name="Store">What the store knows.</param>
internal sealed record Ledger(RunOutcome Run, StoredLedger Store)
{
    /// <summary>Why it does not balance, a sentence each; empty when it does.</summary>
    public IReadOnlyList<string> Reasons { get; } = [.. ReasonsAgainst(Run, Store)];

    /// <summary>Nothing speaks against it.</summary>
    public bool IsBalanced => Reasons.Count == 0;

    /// <summary>Received once more by Ingest than its counts explain: delivered again after a fault.</summary>
    public long DeliveredAgain => Store.Received - Store.Stored - Store.Duplicates - Store.Rejected;

    private static IEnumerable<string> ReasonsAgainst(RunOutcome run, StoredLedger store)
    {
        // What the publisher knows by itself.
        var open = run.Published - run.Acknowledged;
        if (open > 0) yield return $"{open:N0} readings were never acknowledged";
        var both = run.Stored.CountCommon(run.Rejected);
        if (both > 0) yield return $"{both:N0} readings were acknowledged both as stored and as rejected";

        // What the store knows by itself: its identities are disjoint, without gaps, each once.
        if (store.MissingTotal > 0) yield return $"{store.MissingTotal:N0} readings are missing from the store";
        if (store.Stored != store.Distinct) yield return $"the store has {store.Stored:N0} rows for {store.Distinct:N0} identities";
        if (store.Conflicts > 0) yield return $"{store.Conflicts:N0} identities are stored with more than one time";
        if (store.Overlap > 0) yield return $"{store.Overlap:N0} identities are both stored and rejected";
        if (store.Unexpected > 0) yield return $"the store has {store.Unexpected:N0} identities that the run does not have";
        if (store.Published != run.Published) yield return $"the store knows of {store.Published?.ToString("N0") ?? "no"} published readings, not of {run.Published:N0}";

        // Both together. Without gaps and strangers the rejected sets being equal makes the stored sets equal too.
        if (store.Distinct != run.Stored.Count) yield return $"{run.Stored.Count:N0} readings were acknowledged as stored, and {store.Distinct:N0} are";
        if (store.Rejected != run.Rejected.Count) yield return $"{run.Rejected.Count:N0} readings were acknowledged as rejected, and {store.Rejected:N0} are";
        var unknown = store.RejectedRanges.Sum(range => CountNotAcknowledgedAsRejected(run, range));
        if (unknown > 0) yield return $"{unknown:N0} readings are rejected and were not acknowledged so";
    }

    private static long CountNotAcknowledgedAsRejected(RunOutcome run, SeqRange range)
    {
        var device = RunPlan.DeviceNumber(Encoding.UTF8.GetBytes(range.Device));
        if (device < 0 || device >= run.Plan.Devices) return range.To - range.From + 1;
        var last = run.Plan.CountOf(device, run.Published);
        var unknown = Math.Max(0, range.To - Math.Max(last, range.From - 1));
        for (var seq = Math.Max(1, range.From); seq <= Math.Min(last, range.To); seq++)
        {
            if (!run.Rejected.Contains(run.Plan.IndexOf(device, seq))) unknown++;
        }

        return unknown;
    }
}
