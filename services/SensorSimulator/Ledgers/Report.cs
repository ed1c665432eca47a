using System.Text.Json;
using Tally.Contracts;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Ledgers;

/// <summary>
/// The report of a run, as a file for programs. What the store would have to say is null where it was not asked: a run that was
/// interrupted or stood still.
/// </summary>
internal sealed record Report
{
    /// <summary>Missing ranges that are listed at most.</summary>
    public const int MaxRanges = 1_000;

    /// <summary>Name of the run.</summary>
    public required string Run { get; init; }

    /// <summary>Different readings published.</summary>
    public required long Published { get; init; }

    /// <summary>Different readings acknowledged.</summary>
    public required long Acknowledged { get; init; }

    /// <summary>Rows in the store.</summary>
    public required long? Stored { get; init; }

    /// <summary>Readings received by Ingest, copies included.</summary>
    public required long? Received { get; init; }

    /// <summary>Readings that arrived when they were stored already.</summary>
    public required long? Duplicates { get; init; }

    /// <summary>Identities rejected.</summary>
    public required long Rejected { get; init; }

    /// <summary>Copies sent, probes included.</summary>
    public required long Resent { get; init; }

    /// <summary>Identities stored with more than one time.</summary>
    public required long? Conflicts { get; init; }

    /// <summary>Messages that the broker dropped meanwhile; null: not known.</summary>
    public required long? BrokerDropped { get; init; }

    /// <summary>Readings published and neither stored nor rejected (not acknowledged, where the store was not asked).</summary>
    public required IReadOnlyList<SeqRange> Missing { get; init; }

    /// <summary>How many readings that is, listed or not.</summary>
    public required long MissingTotal { get; init; }

    /// <summary>The sets agree.</summary>
    public required bool Balanced { get; init; }

    /// <summary>From the first publish to the last acknowledgement.</summary>
    public required double Seconds { get; init; }

    /// <summary>Published readings per second of that time.</summary>
    public required double MessagesPerSecond { get; init; }

    /// <summary>From the first sending of each reading to its acknowledgement.</summary>
    public required Latencies LatencyMs { get; init; }

    /// <summary>The report of a run whose ledger was drawn up.</summary>
    public static Report Of(Ledger ledger) => Of(ledger.Run, ledger.Store, ledger.IsBalanced);

    /// <summary>The report of a run that came to no ledger.</summary>
    public static Report Of(RunOutcome run) => Of(run, store: null, balanced: false);

    /// <summary>Writes it as JSON, whole or not at all.</summary>
    /// <exception cref="RunEnvironmentException">The file cannot be written.</exception>
    public async Task WriteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var unfinished = path + ".part";
            await File.WriteAllBytesAsync(unfinished, JsonSerializer.SerializeToUtf8Bytes(this, LedgersJson.Default.Report), cancellationToken);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunEnvironmentException($"The report cannot be written to '{path}' (--report): {error.Message}", error);
        }
    }

    private static Report Of(RunOutcome run, StoredLedger? store, bool balanced)
    {
        var open = store is null ? run.Outstanding(MaxRanges) : null;
        var metric = Sources.ReadingSources.Make(run.Options.Source, run.Options.Seed).Metric;
        var seconds = run.Duration.TotalSeconds;
        return new Report
        {
            Run = run.Options.Run,
            Published = run.Published,
            Acknowledged = run.Acknowledged,
            Stored = store?.Stored,
            Received = store?.Received,
            Duplicates = store?.Duplicates,
            Rejected = store?.Rejected ?? run.Rejected.Count,
            Resent = run.Resent,
            Conflicts = store?.Conflicts,
            BrokerDropped = run.BrokerDropped,
            Missing = store is not null
                ? [.. store.Missing.Take(MaxRanges)]
                : [.. open!.Ranges.Select(range => new SeqRange(RunPlan.DeviceName(range.Device), metric, range.From, range.To))],
            MissingTotal = store?.MissingTotal ?? open!.Total,
            Balanced = balanced,
            Seconds = Math.Round(seconds, 3),
            MessagesPerSecond = seconds > 0 ? Math.Round(run.Published / seconds, 1) : 0,
            LatencyMs = new Latencies(
                Milliseconds(run.Latency.Quantile(0.50)),
                Milliseconds(run.Latency.Quantile(0.95)),
                Milliseconds(run.Latency.Quantile(0.99)),
                Milliseconds(run.Latency.Max)),
        };
    }

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    /// <summary>Quantiles, in milliseconds.</summary>
    internal sealed record Latencies(double P50, double P95, double P99, double Max);
}
