using System.Text;
using Tally.Contracts;

namespace Tally.Ingest.Receiving;

/// <summary>Checks of the topic filters that configuration gives (MQTT 5, 4.7).</summary>
internal static class TopicFilters
{
    /// <summary>Topics that Tally itself acts upon, and the broker's own.</summary>
    private static readonly string[] Reserved =
        [Topics.AllTelemetry, Topics.RunPrefix + "#", Topics.StoredPrefix + "#", Topics.AckPrefix + "#", "ingest/#"];

    /// <summary>The filter of Tally's own topics that a source's filter names or covers; null: none. Telemetry is for sources.</summary>
    public static string? ReservedBy(string filter)
    {
        var level = filter.Split('/')[0];
        return level == "#" ? "all filters" : Array.Find(Reserved, other => other != Topics.AllTelemetry && other.Split('/')[0] == level);
    }

    /// <summary>Why it cannot be a prefix of response topics, or null.</summary>
    public static string? PrefixProblem(string prefix)
    {
        if (prefix.Length == 0 || Encoding.UTF8.GetByteCount(prefix) > Limits.NameBytes) return $"is not 1 to {Limits.NameBytes} bytes long";
        if (prefix.AsSpan().ContainsAny("+#\0$")) return "holds one of + # $ or NUL";
        return Array.Exists(Reserved, other => other != Topics.AckPrefix + "#" && Meet(prefix, other[..^1]))
            ? "would let devices publish on Tally's own topics"
            : null;

        static bool Meet(string one, string other) =>
            one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal);
    }

    /// <summary>Whether some topic matches both filters.</summary>
    public static bool Overlap(string one, string other) => Overlap(one.Split('/'), other.Split('/'));

    private static bool Overlap(ReadOnlySpan<string> one, ReadOnlySpan<string> other)
    {
        while (!one.IsEmpty && !other.IsEmpty)
        {
            if (one[0] == "#" || other[0] == "#") return true;
            if (one[0] != other[0] && one[0] != "+" && other[0] != "+") return false;
            one = one[1..];
            other = other[1..];
        }

        // "a/#" matches "a" too (4.7.1.2).
        return (one.IsEmpty && other.IsEmpty) || one is ["#"] || other is ["#"];
    }
}
