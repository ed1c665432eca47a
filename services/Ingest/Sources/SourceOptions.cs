using Tally.Contracts.Payloads;

namespace Tally.Ingest.Sources;

/// <summary>Which topics are read, and how; an element of <c>Ingest:Sources</c>.</summary>
public sealed record SourceOptions
{
    /// <summary>
    /// Template of the topics: levels as they are, <c>{device}</c> and <c>{metric}</c> for one level each, <c>{device...}</c> and
    /// <c>{metric...}</c> for several; a level of any other name is part of the device. Without names it is a topic filter (MQTT 5, 4.7),
    /// and the device is every level but the last.
    /// </summary>
    public string Topic { get; set; } = "";

    /// <summary>Its messages are no readings and are passed over: counted, and named once for each topic in the log.</summary>
    public bool Ignore { get; set; }

    /// <summary>Format of the payloads.</summary>
    public PayloadFormat Format { get; set; }

    /// <summary>Path of the time in JSON (<c>Time</c>, <c>params.ts</c>); null: <c>at</c>, <c>ts</c>, <c>time</c> or <c>timestamp</c>.</summary>
    public string? Time { get; set; }

    /// <summary>Time zone (IANA) of times without an offset; null: <see cref="IngestOptions.TimeZone"/>.</summary>
    public string? TimeZone { get; set; }

    /// <summary>Key of the tag that names the device, in line protocol; null: the topic does.</summary>
    public string? DeviceTag { get; set; }

    /// <summary>Regular expression for texts, with the groups <c>value</c> and where needed <c>unit</c>, <c>metric</c>, <c>time</c>.</summary>
    public string? Pattern { get; set; }

    /// <summary>Metrics that are stored, with <c>*</c> for any characters; none: all.</summary>
    public IReadOnlyList<string> Include { get; set; } = [];

    /// <summary>Metrics that are not.</summary>
    public IReadOnlyList<string> Exclude { get; set; } = [];

    /// <summary>New names of metrics. <c>a.*</c> and <c>b.*</c> change the beginning of many.</summary>
    public IReadOnlyDictionary<string, string> Rename { get; set; } = new Dictionary<string, string>();

    /// <summary>Units of metrics whose payloads name none.</summary>
    public IReadOnlyDictionary<string, string> Units { get; set; } = new Dictionary<string, string>();

    /// <summary>Factors of values, by metric.</summary>
    public IReadOnlyDictionary<string, double> Scale { get; set; } = new Dictionary<string, double>();

    /// <summary>What is added to values afterwards, by metric.</summary>
    public IReadOnlyDictionary<string, double> Offset { get; set; } = new Dictionary<string, double>();

    /// <summary>Series that it may make. A device that draws its name by lot fills the store with series of one reading; what is beyond is rejected.</summary>
    public int MaxSeries { get; set; } = 100_000;
}
