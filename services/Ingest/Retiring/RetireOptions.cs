using System.ComponentModel.DataAnnotations;

namespace Tally.Ingest.Retiring;

/// <summary>Times of <c>Ingest retire</c>, section <c>Retire</c>.</summary>
internal sealed record RetireOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Retire";

    /// <summary>
    /// How long to look whether a running instance takes its session back, before anything is changed. It notices within
    /// milliseconds that its connection is gone, and connects again within 100 ms; the rest is for a busy machine.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00", ErrorMessage = "expected a time from 00:00:00.1 to 00:10:00")]
    public TimeSpan Watch { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Silence after which nothing more is expected. A broker sends what waits as soon as it may, so this has to be longer than its
    /// longest hiccup, and no more.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00", ErrorMessage = "expected a time from 00:00:00 to 00:10:00")]
    public TimeSpan Quiet { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long to go on without any progress: no connection, no message, no commit. A broker or a database that restarts is back by then.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "expected a time from 00:00:01 to 1.00:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Timeout <= Watch || Timeout <= Quiet)
            yield return new ValidationResult($"expected more than Watch ({Watch}) and Quiet ({Quiet}), in which nothing moves either", [nameof(Timeout)]);
    }
}
