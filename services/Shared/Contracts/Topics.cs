namespace Tally.Contracts;

/// <summary>The topics through which the services speak.</summary>
public static class Topics
{
    /// <summary>Prefix of readings: <c>telemetry/{device}/{metric}</c>.</summary>
    public const string TelemetryPrefix = "telemetry/";

    /// <summary>Prefix of announcements of a run: <c>runs/{run}</c>.</summary>
    public const string RunPrefix = "runs/";

    /// <summary>Prefix of Ingest's notices: <c>stored/{run}</c>. Internal.</summary>
    public const string StoredPrefix = "stored/";

    /// <summary>Prefix of acknowledgements: <c>acks/{publisher}</c>.</summary>
    public const string AckPrefix = "acks/";

    /// <summary>Filter for all readings.</summary>
    public const string AllTelemetry = TelemetryPrefix + "#";

    /// <summary>Filter for all notices.</summary>
    public const string AllStored = "stored/+";

    private static readonly string[] ActedUpon = [TelemetryPrefix, StoredPrefix, RunPrefix];

    /// <summary>Topic of one series' readings.</summary>
    public static string Telemetry(string device, string metric) => $"{TelemetryPrefix}{device}/{metric}";

    /// <summary>Topic of one run's announcements.</summary>
    public static string Run(string run) => RunPrefix + run;

    /// <summary>Topic of the notices about one run.</summary>
    public static string Stored(string run) => StoredPrefix + run;

    /// <summary>Topic of the acknowledgements for one publisher.</summary>
    public static string Acks(string publisher) => AckPrefix + publisher;

    /// <summary>
    /// Whether a publisher may ask for its acknowledgement on that topic: below <c>acks/</c> or one of the prefixes that
    /// configuration allows, never below a topic that Tally itself acts upon, never with a wildcard. A device must not be
    /// able to make a trusted service publish anywhere else.
    /// </summary>
    public static bool IsAllowedResponseTopic(string topic, IReadOnlyList<string> allowedPrefixes)
    {
        if (topic.AsSpan().ContainsAny('+', '#', '\0')) return false;
        if (topic.StartsWith(AckPrefix, StringComparison.Ordinal)) return topic.Length > AckPrefix.Length;
        if (topic.StartsWith('$')) return false;
        return !ActedUpon.Any(prefix => topic.StartsWith(prefix, StringComparison.Ordinal)) && allowedPrefixes.Any(prefix => prefix.Length > 0 && topic.StartsWith(prefix, StringComparison.Ordinal));
    }
}
