using System.ComponentModel.DataAnnotations;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>Options of the export (section <c>Telemetry</c>); the rest is said by OpenTelemetry's own variables.</summary>
public sealed record TelemetryOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Telemetry";

    /// <summary>
    /// How long the end of the process may wait for what is not exported yet. A receiver that works takes it within milliseconds, one on
    /// another continent within a second; one that hangs must not hold up a service that has stored and acknowledged everything.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ErrorMessage = "expected 00:00:00 to 00:01:00")]
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
