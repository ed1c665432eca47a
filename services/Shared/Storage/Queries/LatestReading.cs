using System.Text.Json.Serialization;

namespace Tally.Storage.Queries;

/// <summary>The newest reading of one metric of a device.</summary>
public sealed record LatestReading
{
    /// <summary>The metric.</summary>
    public required string Metric { get; init; }

    /// <summary>When it was measured; the newest of the metric by this time.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The value; NaN, which JSON has no number for, is the text "NaN".</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    public required double Value { get; init; }

    /// <summary>Unit of the value; empty when the device gave none.</summary>
    public required string Unit { get; init; }

    /// <summary>The text the value was found in; null for formats that carry a number.</summary>
    public string? RawText { get; init; }

    /// <summary>Name of the run it belongs to; <c>0</c> for publishers that know no runs.</summary>
    public required string Run { get; init; }

    /// <summary>Its number in series and run.</summary>
    public required long Seq { get; init; }

    /// <summary>When the database received it, by the database's clock.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}
