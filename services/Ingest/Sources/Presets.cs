using Tally.Contracts.Payloads;

namespace Tally.Ingest.Sources;

/// <summary>Sources that many need, by name; docs/sources.md shows what each reads.</summary>
internal static class Presets
{
    /// <summary>On unless they are switched off.</summary>
    public static readonly string[] Usual = ["tally", "seeds", "senml"];

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyDictionary<string, SourceOptions[]> ByName = new Dictionary<string, SourceOptions[]>(StringComparer.OrdinalIgnoreCase)
    {
        ["tally"] = [new() { Topic = "telemetry/{device...}/{metric}", Format = PayloadFormat.Native, MaxSeries = 1_000_000 }],
        ["seeds"] = [new() { Topic = "Building/#" }, new() { Topic = "home/#" }, new() { Topic = "sensor/#" }],
        ["senml"] = [new() { Topic = "senml/#", Format = PayloadFormat.SenMl }],
        ["zigbee2mqtt"] =
        [
            new() { Topic = "zigbee2mqtt/{device}", Format = PayloadFormat.Json, Time = "last_seen" },
            .. Ignored("zigbee2mqtt/bridge/#", "zigbee2mqtt/+/availability", "zigbee2mqtt/+/get", "zigbee2mqtt/+/set", "homeassistant/#"),
        ],
        ["tasmota"] =
        [
            new() { Topic = "tele/{device}/SENSOR", Format = PayloadFormat.Json, Time = "Time", Exclude = ["*.Id"] },
            new() { Topic = "tele/{device}/STATE", Format = PayloadFormat.Json, Time = "Time", Exclude = ["Wifi.SSId", "Wifi.BSSId"] },
            .. Ignored("tele/+/LWT", "tele/+/INFO1", "tele/+/INFO2", "tele/+/INFO3", "stat/#", "cmnd/#", "tasmota/discovery/#", "homeassistant/#"),
        ],
        ["shelly"] =
        [
            .. Ignored("shellies/announce", "shellies/command", "shellies/+/announce", "shellies/+/online", "+/online", "+/rpc", "+/command/#"),
            new() { Topic = "shellies/{device}/info", Format = PayloadFormat.Json, Time = "unixtime" },
            new() { Topic = "shellies/{device}/{metric...}" },
            new() { Topic = "{device}/events/rpc", Format = PayloadFormat.Json, Time = "params.ts", Include = ["params.*"], Exclude = ["*.id"], Rename = Map("params.*", "*") },
            new() { Topic = "{device}/status/{metric}", Format = PayloadFormat.Json, Exclude = ["*.id"] },
        ],
        ["esphome"] =
        [
            new() { Topic = "{device}/sensor/{metric}/state", Format = PayloadFormat.Text },
            new() { Topic = "{device}/binary_sensor/{metric}/state", Format = PayloadFormat.Text },
            new() { Topic = "{device}/switch/{metric}/state", Format = PayloadFormat.Text },
            .. Ignored("+/status", "+/debug", "+/+/+/command", "esphome/discover/#", "homeassistant/#"),
        ],
        ["thingsboard"] = [new() { Topic = "v1/devices/{device}/telemetry", Format = PayloadFormat.Json }],
        ["telegraf"] =
        [
            new() { Topic = "telegraf/{device}", Format = PayloadFormat.LineProtocol },
            new() { Topic = "telegraf/{device}/{metric...}", Format = PayloadFormat.LineProtocol },
        ],
    };

    /// <summary>The topics that each reads, those that it passes over left out.</summary>
    public static readonly IReadOnlyList<(string Preset, TopicTemplate Template)> Templates =
        [.. ByName.SelectMany(preset => preset.Value.Where(source => !source.Ignore).Select(source => (preset.Key, new TopicTemplate(source.Topic))))];

    /// <summary>The setting that would have a topic read that no source reads: the preset that knows it, or a source for its tree.</summary>
    public static string AdviceFor(string topic)
    {
        foreach (var (preset, template) in Templates)
        {
            if (template.TryMatch(topic, out _, out _)) return $"Ingest__Presets={preset}";
        }

        var root = topic.IndexOf('/', topic.StartsWith('/') ? 1 : 0);
        return $"Ingest__Sources__0__Topic={(root < 0 ? topic : $"{topic[..root]}/#")}";
    }

    private static IEnumerable<SourceOptions> Ignored(params string[] topics) => topics.Select(topic => new SourceOptions { Topic = topic, Ignore = true });

    private static Dictionary<string, string> Map(string from, string to) => new() { [from] = to };
}
