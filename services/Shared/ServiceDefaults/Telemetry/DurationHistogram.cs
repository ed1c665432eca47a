using System.Diagnostics.Metrics;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Histograms of the time that messages take.</summary>
public static class DurationHistogram
{
    // In seconds: from a commit on a fast disk to the probe's first time-out. OpenTelemetry's own begin at 5 and are meant for milliseconds.
    private static readonly InstrumentAdvice<double> Buckets = new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] };

    /// <summary>Adds one, in seconds.</summary>
    public static Histogram<double> CreateDuration(this Meter meter, string name, string description) => meter.CreateHistogram(name, "s", description, advice: Buckets);
}
