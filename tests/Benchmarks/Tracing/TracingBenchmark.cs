using System.Diagnostics;
using Tally.Benchmarks.Pipeline;

namespace Tally.Benchmarks.Tracing;

/// <summary>
/// What traces, metrics and logs cost (docs/performance.md): processor time per message over all services with export and without.
/// Two complete sets of processes take turns in slices, each pair in the other order than the one before, so that what else the machine does
/// meets both; the median of the pairs' ratios counts. Both are counted over the whole of a pair, so that what goes out after a slice counts as
/// well. Broker and database are given beside the services. The receiver is a real one, and not counted.
/// </summary>
/// <param name="slice">Messages in a slice.</param>
/// <param name="pairs">Pairs measured.</param>
/// <param name="devices">Devices that take turns.</param>
/// <param name="every">One of so many readings is sampled.</param>
/// <param name="rate">Messages a second; 0: as fast as they are acknowledged.</param>
internal sealed class TracingBenchmark(int slice, int pairs, int devices, int every, int rate)
{
    // A method is compiled anew after its thirtieth call, and metrics go out every ten seconds.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(180);

    /// <summary>Measures, prints each pair and the result.</summary>
    /// <param name="receiver">Where the one set of processes sends its telemetry; null: nowhere either, to see how far the method itself is off.</param>
    /// <param name="output">Where to print.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<TracingFigures> RunAsync(Uri? receiver, TextWriter output, CancellationToken cancellationToken)
    {
        await using var without = await TracedSide.StartAsync(slice, devices, every, rate, receiver: null, cancellationToken);
        await using var with = await TracedSide.StartAsync(slice, devices, every, rate, receiver, cancellationToken);
        await output.WriteLineAsync($"{pairs} pairs of slices of {slice:N0}, {(rate == 0 ? "as fast as they are acknowledged" : $"{rate:N0} a second")}, one reading in {every:N0} traced; µs of processor time for each message over all services, in brackets broker and database");
        await output.WriteLineAsync("         without              with     ratio");
        var off = new List<IReadOnlyDictionary<string, double>>();
        var on = new List<IReadOnlyDictionary<string, double>>();
        var begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < WarmUp)
        {
            await without.PublishAsync(cancellationToken);
            await with.PublishAsync(cancellationToken);
        }

        for (var pair = 0; pair < pairs; pair++)
        {
            var (first, second) = pair % 2 == 0 ? (without, with) : (with, without);
            var (usedWithout, usedWith) = (without.Count(), with.Count());
            await first.PublishAsync(cancellationToken);
            await second.PublishAsync(cancellationToken);
            off.Add(await without.CountedAsync(usedWithout));
            on.Add(await with.CountedAsync(usedWith));
            await output.WriteLineAsync($"{pair + 1,3}  {Describe(off[^1])}  {Describe(on[^1])}  {Services(on[^1]) / Services(off[^1]),8:F3}");
        }

        await without.CheckStoredAsync(cancellationToken);
        await with.CheckStoredAsync(cancellationToken);
        var figures = TracingFigures.Of(slice, every, rate, off, on, Services);
        foreach (var one in figures.Processes) await output.WriteLineAsync($"  {one.Name,-14}{one.Without,7:F2}{one.With,7:F2} µs");
        await output.WriteLineAsync(
            $"ratio {figures.Ratio:F3}, with 95 % between {figures.RatioLow:F3} and {figures.RatioHigh:F3} (pairs from {figures.RatioMin:F3} to {figures.RatioMax:F3})");
        return figures;
    }

    private static double Services(IReadOnlyDictionary<string, double> usage) =>
        usage.Where(one => one.Key is not (PipelineServices.BrokerName or PipelineServices.DatabaseName)).Sum(one => one.Value);

    private static string Describe(IReadOnlyDictionary<string, double> usage) =>
        $"{Services(usage),6:F2} ({usage[PipelineServices.BrokerName],4:F1} {usage[PipelineServices.DatabaseName],4:F1})";
}
