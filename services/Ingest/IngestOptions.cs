using System.ComponentModel.DataAnnotations;
using Tally.Ingest.Receiving;
using Tally.Ingest.Sources;

namespace Tally.Ingest;

/// <summary>Options of the service, section <c>Ingest</c>. All are checked at start.</summary>
public sealed record IngestOptions : IValidatableObject
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Ingest";

    /// <summary>
    /// Name of this instance, the same in every life: its sessions at the broker ({Instance}-{key} and {Instance}-{key}-notices, the key from the
    /// database) and its progress there hang on it. In Kubernetes the name of a StatefulSet's pod, which has at most 63 characters.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,63}$", ErrorMessage = "expected 1 to 63 of A-Z a-z 0-9 . _ -")]
    public string Instance { get; set; } = "ingest-1";

    /// <summary>
    /// Name of the group whose instances share all messages, each going to one of them (<c>$share/{group}/…</c>, MQTT 5, 4.8.2); the
    /// same for all instances. Empty: this is the only instance, with subscriptions of its own.
    /// </summary>
    [RegularExpression("^[A-Za-z0-9._-]{1,63}$", ErrorMessage = "expected 1 to 63 of A-Z a-z 0-9 . _ -, or nothing for a single instance")]
    public string SharedGroup { get; set; } = "";

    /// <summary>
    /// Readings in a batch. A transaction costs about 2 ms whatever its size, a row 6 µs: at 2,000 the transaction is a
    /// seventh of the cost, and more rows would gain little and make every publisher wait longer.
    /// </summary>
    [Range(1, 100_000, ErrorMessage = "expected 1 to 100000")]
    public int BatchSize { get; set; } = 2_000;

    /// <summary>Time from the first message of a batch to its being stored although it is not full: what a lone reading waits.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10", ErrorMessage = "expected a time from 00:00:00.001 to 00:00:10")]
    public TimeSpan BatchTime { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Batches that are filled, stored and announced at the same time, and then used again. Four keep every stage busy (one fills,
    /// one is written, one waits for its notice's PUBACK, one is in between); four more let filling go on while a notice is
    /// tried again for a second. When none is free the broker's socket is not read: its queue holds what is behind.
    /// </summary>
    [Range(2, 1_000, ErrorMessage = "expected 2 to 1000")]
    public int Batches { get; set; } = 8;

    /// <summary>
    /// Names of presets, separated by commas: sources for what many have (docs/sources.md). <c>tally</c>, <c>seeds</c> and <c>senml</c> are on
    /// without being named; <c>-seeds</c> switches one off.
    /// </summary>
    public string Presets { get; set; } = "";

    /// <summary>Time zone (IANA, <c>Europe/Berlin</c>) of times without an offset, where a source names none. Tasmota sends local times.</summary>
    public string TimeZone { get; set; } = "UTC";

    /// <summary>Sources of your own; they go before the presets'.</summary>
    public IReadOnlyList<SourceOptions> Sources { get; set; } = [];

    /// <summary>
    /// Topic filters to subscribe to, with commas between them. Everything by default: what a source reads is stored, and what none reads becomes a
    /// dead letter, so that no message is lost without a sign. At a broker that serves others too, name what is for Tally
    /// (<c>runs/+,telemetry/#</c>); no topic may match two of them.
    /// </summary>
    public string Topics { get; set; } = "#";

    /// <summary>Prefixes of topics, beside <c>acks/</c>, on which a publisher may ask for its acknowledgements.</summary>
    public IReadOnlyList<string> AllowedResponsePrefixes { get; set; } = [];

    /// <summary>How long the broker keeps the session, and all that arrives for it, while Ingest is away.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00", ErrorMessage = "expected a time from 00:01:00 to 365.00:00:00")]
    public TimeSpan SessionExpiry { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Longest silence on a connection to the broker. A process stopped for longer has lost its connection.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "expected a time from 00:00:01 to 01:00:00")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Longest pause before connecting to the broker again. Short: what is published while a broker that was restarted runs without Ingest is only
    /// in its memory, and lost if it is killed again.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00", ErrorMessage = "expected a time from 00:00:00.01 to 00:01:00")]
    public TimeSpan LongestReconnect { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Time for storing, announcing and acknowledging what was received, once the service is asked to stop. Kubernetes kills after 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00", ErrorMessage = "expected a time from 00:00:00.1 to 00:10:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Age of the oldest reading that is received and not acknowledged at which the service calls itself not ready.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ErrorMessage = "expected a time from 00:00:01 to 01:00:00")]
    public TimeSpan StallTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long <c>migrate</c> waits for a database that does not answer yet. A container with an empty volume takes half a minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "expected a time from 00:00:00 to 1.00:00:00")]
    public TimeSpan DatabaseWait { get; set; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Problem(() => _ = SourceSet.PresetsOf(Presets)) is { } unknown) yield return Of(nameof(Presets), unknown);
        else if (Problem(() => _ = new SourceSet(this)) is { } wrong) yield return Of(nameof(Sources), wrong);
        if (SubscriptionFilters.Problem(Topics) is { } topics) yield return Of(nameof(Topics), topics);
        foreach (var prefix in AllowedResponsePrefixes)
        {
            if (TopicFilters.PrefixProblem(prefix) is { } problem) yield return Of(nameof(AllowedResponsePrefixes), $"'{prefix}' {problem}");
        }
    }

    private static string? Problem(Action check)
    {
        try
        {
            check();
            return null;
        }
        catch (FormatException error)
        {
            return error.Message;
        }
    }

    private static ValidationResult Of(string member, string message) => new(message, [member]);
}
