using Tally.Ingest.Receiving;

namespace Tally.Ingest.Sources;

/// <summary>The sources that hold, in their order: those of the configuration, then those of the presets. The first that matches a topic counts.</summary>
internal sealed class SourceSet
{
    private readonly List<Source> _sources = [];

    /// <summary>Makes the sources that options ask for.</summary>
    /// <exception cref="FormatException">One of them is wrong; the message names it, its value and what is expected.</exception>
    public SourceSet(IngestOptions options)
    {
        for (var i = 0; i < options.Sources.Count; i++) Add($"Sources:{i}", options.Sources[i], options.TimeZone);
        foreach (var preset in PresetsOf(options.Presets))
        {
            foreach (var source in Presets.ByName[preset]) Add(preset, source, options.TimeZone);
        }
    }

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
