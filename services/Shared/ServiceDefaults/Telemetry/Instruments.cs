using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Kinds of instruments that several services have.</summary>
public static class Instruments
{
    // In seconds: from a commit on a fast disk to the probe's first time-out. OpenTelemetry's own begin at 5 and are meant for milliseconds.
    private static readonly InstrumentAdvice<double> Buckets = new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] };

    /// <summary>Adds a histogram of the time that messages take, in seconds.</summary>
    public static Histogram<double> CreateDuration(this Meter meter, string name, string description) => meter.CreateHistogram(name, "s", description, advice: Buckets);

    /// <summary>Adds a gauge: by how much a count has risen per second since it was collected last. A dashboard without a query language shows of a counter only its sum.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="name">Name: the counter's with <c>.rate</c>.</param>
    /// <param name="unit">Unit: the counter's with <c>/s</c>.</param>
    /// <param name="description">What rises.</param>
    /// <param name="count">The count, which never falls.</param>
    public static void CreateRate(this Meter meter, string name, string unit, string description, Func<long> count)
    {
        var gate = new Lock();
        var (last, at) = (0L, Stopwatch.GetTimestamp());
        meter.CreateObservableGauge(name, Rate, unit, description);

        double Rate()
        {
            lock (gate)
            {
                var (now, current) = (Stopwatch.GetTimestamp(), count());
                var rate = (current - last) / Math.Max(Stopwatch.GetElapsedTime(at, now).TotalSeconds, 1e-3);
                (last, at) = (current, now);
                return rate;
            }
        }
    }
}
