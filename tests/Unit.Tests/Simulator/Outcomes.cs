using Tally.SensorSimulator.Ledgers;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;

namespace Tally.Unit.Tests.Simulator;

/// <summary>Both sides of a run of ten readings of three devices, and what can be wrong with them.</summary>
internal static class Outcomes
{
    public const int Readings = 10;

    public static RunOutcome Run(long[]? rejected = null, long[]? open = null, long published = Readings)
    {
        var options = new RunOptions { Run = "r1", Messages = Readings, Devices = 3, Start = new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero) };
        var (stored, refused, latency) = (new IndexSet(Readings), new IndexSet(Readings), new LatencyHistogram());
        for (var index = 0L; index < published; index++)
        {
            if (open?.Contains(index) == true) continue;
            (rejected?.Contains(index) == true ? refused : stored).Add(index);
            latency.Record(TimeSpan.FromMilliseconds(index + 1));
        }

        return new RunOutcome
        {
            Options = options,
            End = RunEnd.Completed,
            Published = published,
            Stored = stored,
            Rejected = refused,
            Resent = 0,
            Probes = 0,
            Duration = TimeSpan.FromSeconds(2),
            Latency = latency,
            BrokerDropped = 0,
            Unannounced = [],
        };
    }

    public static StoredLedger Store(params SeqRange[] rejected)
    {
        var count = rejected.Sum(range => range.To - range.From + 1);
        return new StoredLedger
        {
            Published = Readings,
            Stored = Readings - count,
            Distinct = Readings - count,
            Duplicates = 0,
            Rejected = count,
            Conflicts = 0,
            Received = Readings,
            Missing = [],
            MissingTotal = 0,
            RejectedRanges = rejected,
        };
    }
}
