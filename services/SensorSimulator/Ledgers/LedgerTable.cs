using System.Globalization;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Ledgers;

/// <summary>The ledger for a person.</summary>
internal static class LedgerTable
{
    /// <summary>Ranges printed at most; the report lists more.</summary>
    private const int MaxRanges = 20;

    /// <summary>Prints it.</summary>
    public static void Write(TextWriter output, Ledger ledger)
    {
        var (run, store) = (ledger.Run, ledger.Store);
        var report = Report.Of(ledger);
        Line(output, $"Ledger of run {run.Options.Run}: {Count(run.Plan.Devices)} devices, QoS {(int)run.Options.Qos}, {run.Options.Source}, seed {run.Options.Seed}");
        Row(output, "published", run.Published);
        Row(output, "acknowledged", run.Acknowledged, $"{Count(run.Stored.Count)} as stored, {Count(run.Rejected.Count)} as rejected");
        Row(output, "stored", store.Stored, $"rows; {Count(store.Distinct)} different readings");
        Row(output, "rejected", store.Rejected);
        Row(output, "missing", store.MissingTotal);
        Row(output, "conflicts", store.Conflicts);
        Row(output, "sent again", run.Resent, run.Probes > 0 ? $"of which {Count(run.Probes)} probes" : "");
        Row(output, "received", store.Received, $"{Count(store.Stored)} stored, {Count(store.Duplicates)} duplicates, {Count(store.Rejected)} rejected{DeliveredAgain(ledger)}");
        Row(output, "broker drops", run.BrokerDropped);
        Line(output, $"  {"time",-14}{Seconds(run.Duration),14}   {report.MessagesPerSecond.ToString("N0", CultureInfo.InvariantCulture)} readings/s");
        Line(output, $"  {"latency",-14}{Milliseconds(report.LatencyMs.P50),14}   median; 95 % {Milliseconds(report.LatencyMs.P95)}, 99 % {Milliseconds(report.LatencyMs.P99)}, longest {Milliseconds(report.LatencyMs.Max)}");
        foreach (var range in store.Missing.Take(MaxRanges)) Line(output, $"  missing: {RangeList.Describe(range.Device, range.From, range.To)}");
        if (store.Missing.Count > MaxRanges) Line(output, $"  missing: {Count(store.Missing.Count - MaxRanges)} more ranges; the report (--report) lists them");
        if (ledger.IsBalanced)
        {
            Line(output, "balanced: published = stored + rejected = acknowledged");
            return;
        }

        Line(output, "NOT balanced:");
        foreach (var reason in ledger.Reasons) Line(output, $"  {reason}");
    }

    private static string DeliveredAgain(Ledger ledger) => ledger.DeliveredAgain == 0 ? "" : $", {Count(ledger.DeliveredAgain)} delivered again";

    private static void Row(TextWriter output, string name, long? count, string remark = "") =>
        Line(output, $"  {name,-14}{(count is { } known ? Count(known) : "unknown"),14}{(remark.Length > 0 ? "   " + remark : "")}");

    private static void Line(TextWriter output, string line) => output.WriteLine(line);

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:N1} s");

    private static string Milliseconds(double time) => string.Create(CultureInfo.InvariantCulture, $"{time:N0} ms");
}
