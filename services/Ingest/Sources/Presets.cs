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
        ["zigbee2mqtt"] = [new() { Topic = "zigbee2mqtt/{device}", Format = PayloadFormat.Json, Time = "last_seen" }],
        ["tasmota"] =
        [
            new() { Topic = "tele/{device}/SENSOR", Format = PayloadFormat.Json, Time = "Time", Exclude = ["*.Id"] },
            new() { Topic = "tele/{device}/STATE", Format = PayloadFormat.Json, Time = "Time", Exclude = ["Wifi.SSId", "Wifi.BSSId"] },
        ],
        ["shelly"] =
        [
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
        ],
        ["thingsboard"] = [new() { Topic = "v1/devices/{device}/telemetry", Format = PayloadFormat.Json }],
        ["telegraf"] =
        [
            new() { Topic = "telegraf/{device}", Format = PayloadFormat.LineProtocol },
            new() { Topic = "telegraf/{device}/{metric...}", Format = PayloadFormat.LineProtocol },
        ],
    };

    private static Dictionary<string, string> Map(string from, string to) => new() { [from] = to };
}
