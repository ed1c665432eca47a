using System.Text;
using System.Text.Unicode;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Tally.Ingest.Sources;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>Remembers what each topic says, so that a message costs one look-up by its topic's bytes. For the receive loop only.</summary>
internal sealed class TopicCache(SourceSet sources, AckAddresses addresses)
{
    /// <summary>
    /// Topics kept, about 500 bytes each with their names. When there are more, all are forgotten and found again: then each message costs
    /// what it costs to find one, and what the garbage of that takes is more than what is kept.
    /// </summary>
    private const int Capacity = 60_000;

    private readonly Dictionary<byte[], (TopicRoute? Route, string? Problem)> _known = new(ByteKeys.Instance);

    /// <summary>What a topic says.</summary>
    /// <param name="topic">Topic, UTF-8.</param>
    /// <param name="problem">Why it is not read, or null.</param>
    /// <returns>Null when it is not read.</returns>
    public TopicRoute? Find(ReadOnlySpan<byte> topic, out string? problem)
    {
        if (!_known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(topic, out var known))
        {
            if (_known.Count == Capacity) _known.Clear();
            known.Problem = Read(topic, out known.Route);
            _known[topic.ToArray()] = known;
        }

        problem = known.Problem;
        return known.Route;
    }

    private string? Read(ReadOnlySpan<byte> utf8, out TopicRoute? route)
    {
        route = null;
        if (!Utf8.IsValid(utf8)) return "the topic is not UTF-8";
        var topic = Encoding.UTF8.GetString(utf8);
        if (sources.Find(topic, out var device, out var metric) is not { } source) return $"no source reads this topic; add one: {Presets.AdviceFor(topic)}";
        if (!source.IsIgnored && device.Length == 0) return "the topic's level for the device is empty";
        if (!source.IsIgnored && metric?.Length == 0) return "the topic's level for the metric is empty";
        var (deviceName, metricName) = (Encoding.UTF8.GetBytes(device), Encoding.UTF8.GetBytes(metric ?? ""));
        if (!Names.Fits(deviceName, Limits.NameBytes)) return Names.Misfit("the device in the topic", deviceName, Limits.NameBytes);
        if (!Names.Fits(metricName, Limits.NameBytes)) return Names.Misfit("the metric in the topic", metricName, Limits.NameBytes);
        route = new TopicRoute(source, deviceName, metricName, new SeriesOrigin(topic, source.Name, source.MaxSeries), addresses);
        return null;
    }
}
