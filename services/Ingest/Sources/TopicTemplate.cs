namespace Tally.Ingest.Sources;

/// <summary>A pattern of topics whose levels have names (<see cref="SourceOptions.Topic"/>).</summary>
internal sealed class TopicTemplate
{
    private const string Metric = "metric";

    private readonly Level[] _levels;
    private readonly int _many; // the level that stands for several; -1: none does

    /// <summary>Reads a template.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public TopicTemplate(string text)
    {
        if (text.Length == 0) throw new FormatException("is empty");
        if (text.Contains('\0')) throw new FormatException("holds a NUL character");
        if (text[0] == '$') throw new FormatException("begins with $: shared subscriptions and the broker's own topics are not for readings");
        _levels = [.. text.Split('/').Select(Read)];
        _many = Array.FindIndex(_levels, level => level.IsMany);
        if (_levels.Count(level => level.IsMany) > 1) throw new FormatException("has more than one level that stands for several");
        if (Array.Exists(_levels[..^1], level => level.Text == "#")) throw new FormatException("has a # that is not its last level");
        if (IsNamed && !Array.Exists(_levels, level => level.Name is not (null or Metric))) throw new FormatException("names no {device}");
        if (IsNamed && Array.Exists(_levels, level => level is { Name: null, Text: "+" or "#" })) throw new FormatException("has + or # beside named levels; give them a name");
        Filter = string.Join('/', _levels.TakeWhile((_, i) => _many < 0 || i < _many).Select(level => level.Name is null ? level.Text : "+").Concat(_many < 0 ? [] : ["#"]));
    }

    /// <summary>Topic filter that its topics match (MQTT 5, 4.7); others may match it too.</summary>
    public string Filter { get; }

    private bool IsNamed => Array.Exists(_levels, level => level.Name is not null);

    /// <summary>Finds device and metric in a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="device">The device; empty where its level is empty.</param>
    /// <param name="metric">The metric; empty where its level is empty; null where the template names none.</param>
    /// <returns>False when the topic is another one.</returns>
    public bool TryMatch(string topic, out string device, out string? metric)
    {
        (device, metric) = ("", null);
        var levels = topic.Split('/');
        if (!Fits(levels)) return false;
        if (!IsNamed)
        {
            // Every level but the last, so that two sensors are never one series.
            (device, metric) = levels.Length == 1 ? (topic, "value") : (string.Join('/', levels[..^1]), levels[^1]);
            return true;
        }

        var devices = new List<string>();
        for (var (i, at) = (0, 0); i < _levels.Length; i++)
        {
            var count = i == _many ? levels.Length - _levels.Length + 1 : 1;
            if (_levels[i].Name == Metric) metric = string.Join('/', levels[at..(at + count)]);
            else if (_levels[i].Name is not null) devices.AddRange(levels[at..(at + count)]);
            at += count;
        }

        device = devices.Contains("") ? "" : string.Join('/', devices);
        return true;
    }

    private bool Fits(string[] levels)
    {
        // "a/#" matches "a" too (4.7.1.2).
        if (_levels[^1].Text == "#") return levels.Length >= _levels.Length - 1 && Same(_levels.AsSpan()[..^1], levels);
        if (_many < 0) return levels.Length == _levels.Length && Same(_levels, levels);
        var after = _levels.Length - _many - 1;
        return levels.Length >= _levels.Length && Same(_levels.AsSpan()[.._many], levels) && Same(_levels.AsSpan()[^after..], levels.AsSpan()[^after..]);
    }

    private static bool Same(ReadOnlySpan<Level> template, ReadOnlySpan<string> levels)
    {
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i].Name is null && template[i].Text != "+" && template[i].Text != levels[i]) return false;
        }

        return true;
    }

    private static Level Read(string text)
    {
        if (text is ['{', .. var name, '}'])
        {
            var many = name.EndsWith("...", StringComparison.Ordinal);
            if (many) name = name[..^3];
            if (name.Length == 0 || name.AsSpan().ContainsAny("{}+#.")) throw new FormatException($"has a level '{text}' whose name is none");
            return new Level(text, name, many);
        }

        if (text.AsSpan().ContainsAny("{}")) throw new FormatException($"has braces within the level '{text}'; a named level is named whole");
        if (text is not ("+" or "#") && text.AsSpan().ContainsAny("+#")) throw new FormatException($"has a wildcard beside other characters in the level '{text}'");
        return new Level(text, null, false);
    }

    private readonly record struct Level(string Text, string? Name, bool IsMany);
}
