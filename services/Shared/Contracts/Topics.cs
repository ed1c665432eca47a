using System.Text;

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
    public const string AllTelemetry = "telemetry/+/+";

    /// <summary>Filter for all announcements of runs.</summary>
    public const string AllRuns = "runs/+";

    /// <summary>Filter for all notices.</summary>
    public const string AllStored = "stored/+";

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
    public static bool IsAllowedResponseTopic(ReadOnlySpan<byte> topic, IReadOnlyList<string> allowedPrefixes)
    {
        if (topic.IndexOfAny("+#\0"u8) >= 0) return false;
        if (topic.StartsWith("acks/"u8)) return topic.Length > "acks/"u8.Length;
        if (topic.StartsWith("telemetry/"u8) || topic.StartsWith("stored/"u8) || topic.StartsWith("runs/"u8) || topic.StartsWith("$"u8)) return false;

        for (var i = 0; i < allowedPrefixes.Count; i++)
        {
            if (StartsWith(topic, allowedPrefixes[i])) return true;
        }

        return false;
    }

    private static bool StartsWith(ReadOnlySpan<byte> topic, string prefix)
    {
        // A response topic may be 64 kB, a configured prefix is short: the buffer is sized by the prefix.
        Span<byte> utf8 = stackalloc byte[Limits.NameBytes * 4];
        return Encoding.UTF8.TryGetBytes(prefix, utf8, out var length) && length > 0 && topic.StartsWith(utf8[..length]);
    }
}
