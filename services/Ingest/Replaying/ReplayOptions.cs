using System.ComponentModel.DataAnnotations;

namespace Tally.Ingest.Replaying;

/// <summary>Options of <c>replay</c>, section <c>Replay</c>.</summary>
public sealed record ReplayOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Replay";

    /// <summary>Beginning of the reasons of the dead letters that are read in again; null: any.</summary>
    public string? Reason { get; set; }

    /// <summary>Filter of their topics (MQTT 5, 4.7); null: any.</summary>
    public string? Topic { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (string.IsNullOrEmpty(Reason) && string.IsNullOrEmpty(Topic)) yield return new ValidationResult("expected --reason TEXT or --topic FILTER, or both", [nameof(Reason)]);
    }
}
