using System.IO.Enumeration;
using System.Text;
using Tally.Contracts.Payloads;
using Tally.Ingest.Receiving;

namespace Tally.Ingest.Sources;

/// <summary>What a source does with a metric.</summary>
/// <param name="Name">Its name in the store, UTF-8; null: it is not stored.</param>
/// <param name="Unit">Its unit where the payload names none, UTF-8.</param>
/// <param name="Scale">Factor of its values.</param>
/// <param name="Offset">What is added to them then.</param>
internal sealed record MetricRule(byte[]? Name, byte[] Unit, double Scale, double Offset);

/// <summary>The rules of a source for metrics, found once for each name. For the receive loop only.</summary>
internal sealed class MetricRules(SourceOptions options)
{
    /// <summary>Names kept, about 200 bytes each; when there are more, all are forgotten and found again.</summary>
    private const int Capacity = 10_000;

    private readonly Dictionary<byte[], MetricRule> _known = new(ByteKeys.Instance);

    /// <summary>There are none: every metric is stored as it is.</summary>
    public bool AreEmpty { get; } = options is { Include.Count: 0, Exclude.Count: 0, Rename.Count: 0, Units.Count: 0, Scale.Count: 0, Offset.Count: 0 };

    /// <summary>The rule for a metric.</summary>
    public MetricRule Of(ReadOnlySpan<byte> metric)
    {
        var known = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (known.TryGetValue(metric, out var rule)) return rule;
        if (_known.Count == Capacity) _known.Clear();
        return known[metric] = Find(Encoding.UTF8.GetString(metric));
    }

    private MetricRule Find(string metric)
    {
        var stored = (options.Include.Count == 0 || options.Include.Any(pattern => Matches(pattern, metric))) && !options.Exclude.Any(pattern => Matches(pattern, metric));
        return new MetricRule(
            stored ? Encoding.UTF8.GetBytes(Rename(metric)) : null,
            Encoding.UTF8.GetBytes(Units.Normalize(Value(options.Units, metric, ""))),
            Value(options.Scale, metric, 1),
            Value(options.Offset, metric, 0));
    }

    private string Rename(string metric)
    {
        foreach (var (from, to) in options.Rename)
        {
            if (from == metric) return to;
            if (from.EndsWith('*') && to.EndsWith('*') && metric.StartsWith(from[..^1], StringComparison.Ordinal)) return to[..^1] + metric[(from.Length - 1)..];
        }

        return metric;
    }

    private static T Value<T>(IReadOnlyDictionary<string, T> byPattern, string metric, T otherwise)
    {
        foreach (var (pattern, value) in byPattern)
        {
            if (Matches(pattern, metric)) return value;
        }

        return otherwise;
    }

    private static bool Matches(string pattern, string metric) => FileSystemName.MatchesSimpleExpression(pattern, metric, ignoreCase: false);
}
