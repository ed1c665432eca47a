using Tally.Contracts;
using Tally.Contracts.Payloads;

namespace Tally.Ingest.Receiving;

/// <summary>Finds device and metric in a topic.</summary>
internal static class TopicNames
{
    /// <summary>
    /// <c>telemetry/{device}/{metric}</c>; of a foreign topic the last two levels that are not empty, and of one with a single
    /// such level that level and the metric <c>value</c>.
    /// </summary>
    /// <returns>Null, or why the topic names no series.</returns>
    public static string? Split(ReadOnlySpan<byte> topic, out ReadOnlySpan<byte> device, out ReadOnlySpan<byte> metric)
    {
        var foreign = !topic.StartsWith("telemetry/"u8);
        if (foreign) SplitForeign(topic, out device, out metric);
        else SplitTelemetry(topic["telemetry/"u8.Length..], out device, out metric);

        if (device.IsEmpty || metric.IsEmpty) return foreign ? "the topic has only empty levels" : "the topic is not telemetry/{device}/{metric}";
        if (!Names.Fits(device, Limits.NameBytes)) return Names.Misfit("the device in the topic", device, Limits.NameBytes);
        if (!Names.Fits(metric, Limits.NameBytes)) return Names.Misfit("the metric in the topic", metric, Limits.NameBytes);
        return null;
    }

    private static void SplitTelemetry(ReadOnlySpan<byte> names, out ReadOnlySpan<byte> device, out ReadOnlySpan<byte> metric)
    {
        var slash = names.IndexOf((byte)'/');
        device = slash < 0 ? default : names[..slash];
        metric = slash < 0 || names[(slash + 1)..].Contains((byte)'/') ? default : names[(slash + 1)..];
    }

    private static void SplitForeign(ReadOnlySpan<byte> topic, out ReadOnlySpan<byte> device, out ReadOnlySpan<byte> metric)
    {
        metric = LastLevel(topic, out var rest);
        device = LastLevel(topic[..rest], out _);
        if (!device.IsEmpty || metric.IsEmpty) return;
        device = metric;
        metric = "value"u8;
    }

    private static ReadOnlySpan<byte> LastLevel(ReadOnlySpan<byte> topic, out int start)
    {
        topic = topic.TrimEnd((byte)'/');
        start = topic.LastIndexOf((byte)'/') + 1;
        return topic[start..];
    }
}
