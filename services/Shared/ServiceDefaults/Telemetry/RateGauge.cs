using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>How fast a count rises, as a gauge beside its counter: a dashboard without a query language shows of a counter only its sum.</summary>
public static class RateGauge
{
    /// <summary>Adds the gauge: by how much the count has risen per second since it was collected last.</summary>
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
