using System.ComponentModel.DataAnnotations;

namespace Tally.Ingest.Decoding;

/// <summary>Options of <c>decode</c>, section <c>Decode</c>.</summary>
public sealed record DecodeOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Decode";

    /// <summary>Topic of the message on standard input.</summary>
    public string? Topic { get; set; }

    /// <summary>A preset that is on for this call, as if <c>Ingest:Presets</c> named it.</summary>
    public string Source { get; set; } = "";

    /// <summary>A capture of <c>mosquitto_sub -F '%j'</c>, read instead of standard input.</summary>
    public string? File { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Topic is null == File is null) yield return new ValidationResult("expected --topic TOPIC with the payload on standard input, or --file CAPTURE", [nameof(Topic)]);
        if (Topic is "" || Topic?.AsSpan().ContainsAny("+#\0") == true) yield return new ValidationResult("expected the topic of a message, without wildcards", [nameof(Topic)]);
    }
}
