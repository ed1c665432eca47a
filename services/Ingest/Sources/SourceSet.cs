using Tally.Ingest.Receiving;

namespace Tally.Ingest.Sources;

/// <summary>The sources that hold, in their order: those of the configuration, then those of the presets. The first that matches a topic counts.</summary>
internal sealed class SourceSet
{
    private readonly List<Source> _sources = [];
    private readonly bool _overlap;

    /// <summary>Makes the sources that options ask for.</summary>
    /// <exception cref="FormatException">One of them is wrong; the message names it, its value and what is expected.</exception>
    public SourceSet(IngestOptions options)
    {
        for (var i = 0; i < options.Sources.Count; i++) Add($"Sources:{i}", options.Sources[i], options.TimeZone);
        foreach (var preset in PresetsOf(options.Presets))
        {
            foreach (var source in Presets.ByName[preset]) Add(preset, source, options.TimeZone);
        }

        // A filter that another one covers would only bring its messages twice.
        var filters = _sources.Select(source => source.Template.Filter).Distinct().ToList();
        Filters = [.. filters.Where(filter => !filters.Exists(other => other != filter && TopicFilters.Covers(other, filter)))];
        _overlap = Filters.Any(one => Filters.Any(other => one != other && TopicFilters.Overlap(one, other)));
    }

    /// <summary>Topic filters to subscribe to, which are also what devices may publish to and Ingest may read (the broker's ACL).</summary>
    public IReadOnlyList<string> Filters { get; }

    /// <summary>Names of the presets that hold: the usual ones and those that are named; <c>-name</c> switches one off.</summary>
    /// <exception cref="FormatException">There is no preset of that name.</exception>
    public static IReadOnlyList<string> PresetsOf(string named)
    {
        var presets = Presets.Usual.ToList();
        foreach (var name in named.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var preset = name.TrimStart('-');
            if (!Presets.ByName.ContainsKey(preset)) throw new FormatException($"'{preset}' is no preset: expected some of {string.Join(", ", Presets.ByName.Keys)}");
            presets.RemoveAll(known => known.Equals(preset, StringComparison.OrdinalIgnoreCase));
            if (name[0] != '-') presets.Add(preset.ToLowerInvariant());
        }

        return presets;
    }

    /// <summary>Identifier of a filter's subscription. Where two filters overlap, the broker says which one a copy belongs to (MQTT 5, 3.8.2.1.2).</summary>
    public uint? IdentifierOf(string filter) => _overlap && Filters.ToList().IndexOf(filter) is >= 0 and var index ? (uint)index + 1 : null;

    /// <summary>Identifier of the first of several subscriptions that bring a topic's messages; 0 where one does.</summary>
    public uint SubscriptionOf(string topic)
    {
        if (!_overlap) return 0;
        var matching = Enumerable.Range(0, Filters.Count).Where(i => TopicFilters.Overlap(Filters[i], topic)).ToList();
        return matching.Count > 1 ? (uint)matching[0] + 1 : 0;
    }

    /// <summary>The source that reads a topic.</summary>
    /// <returns>Null when none does.</returns>
    public Source? Find(string topic, out string device, out string? metric)
    {
        foreach (var source in _sources)
        {
            if (source.Template.TryMatch(topic, out device, out metric)) return source;
        }

        (device, metric) = ("", null);
        return null;
    }

    private void Add(string name, SourceOptions options, string timeZone)
    {
        try
        {
            var source = new Source(name, options, timeZone);
            if (TopicFilters.ReservedBy(source.Template.Filter) is { } reserved) throw new FormatException($"Topic '{options.Topic}' matches topics of {reserved}, which are Tally's own");
            _sources.Add(source);
        }
        catch (FormatException error)
        {
            throw new FormatException($"{name}: {error.Message}", error);
        }
    }
}
