using System.Globalization;
using MQTTnet.Packets;
using Tally.Contracts;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.Ingest.Tracing;

/// <summary>When a sampled reading was published, as its publisher says in a user property beside its trace context.</summary>
internal static class PublishedAt
{
    /// <summary>Finds it.</summary>
    /// <returns>Null when it is not there, or no time.</returns>
    public static DateTimeOffset? Find(IReadOnlyList<MqttUserProperty>? properties) =>
        long.TryParse(MqttTraceContext.Find(properties, TraceProperties.PublishedAt), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
        && milliseconds is >= 0 and < 253_402_300_800_000 // the year 10000
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
}
