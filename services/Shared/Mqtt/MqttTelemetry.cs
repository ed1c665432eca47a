using System.Diagnostics.Metrics;

namespace Tally.Mqtt;

/// <summary>What clients count, all of this process together; the tests listen to the same.</summary>
public static class MqttTelemetry
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Tally.Mqtt";

    /// <summary>
    /// Buckets for the time that messages take, in seconds: from a commit on a fast disk to the probe's first time-out. OpenTelemetry's own begin
    /// at 5 and are meant for milliseconds.
    /// </summary>
    public static readonly InstrumentAdvice<double> Durations = new() { HistogramBucketBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] };

    private static readonly Meter Meter = new(Name);
    private static long _reconnects;

    // Read when somebody collects, so that it is there, as 0, before the first.
    static MqttTelemetry() => Meter.CreateObservableCounter(
        "tally.mqtt.reconnects", () => Volatile.Read(ref _reconnects), "{connection}", "Connections to the broker that came after an earlier one of the same client.");

    /// <summary>A client has a connection.</summary>
    /// <param name="epoch">Number of the connection, from 1.</param>
    internal static void OnConnected(int epoch)
    {
        if (epoch > 1) Interlocked.Increment(ref _reconnects);
    }
}
