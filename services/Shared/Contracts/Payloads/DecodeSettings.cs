using System.Text.RegularExpressions;

namespace Tally.Contracts.Payloads;

/// <summary>What a source says about the payloads of its topics.</summary>
public sealed record DecodeSettings
{
    /// <summary>Nothing said.</summary>
    public static DecodeSettings Usual { get; } = new();

    /// <summary>Path of the time in JSON; null: one of its usual names.</summary>
    public string? TimePath { get; init; }

    /// <summary>What times without an offset are told in.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Key of the tag that names the device in line protocol; null: the topic does.</summary>
    public string? DeviceTag { get; init; }

    /// <summary>Reads texts, with groups <c>value</c> and perhaps <c>unit</c>, <c>metric</c>, <c>time</c>; null: a text is one number with a label or a unit.</summary>
    public Regex? Pattern { get; init; }
}
