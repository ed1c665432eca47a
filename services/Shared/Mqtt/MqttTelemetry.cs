using System.Diagnostics.Metrics;

namespace Tally.Mqtt;

/// <summary>What clients count, all of this process together; the tests listen to the same.</summary>
public static class MqttTelemetry
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Tally.Mqtt";

    private static readonly Meter Meter = new(Name);
    private static long _reconnects;

    // Read when somebody collects, so that it is there, as 0, before the first.
    static MqttTelemetry() => Meter.CreateObservableCounter(
        "tally.mqtt.reconnects", () => Volatile.Read(ref _reconnects), "{connection}", "Connections to the broker that came after an earlier one of the same client.");

    internal static void OnConnected(int epoch) => Interlocked.Add(ref _reconnects, epoch > 1 ? 1 : 0); // the first makes the counter
}
