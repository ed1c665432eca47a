using System.Text.RegularExpressions;
using Tally.Contracts.Payloads;

namespace Tally.Ingest.Sources;

/// <summary>Topics that are read in one way, ready for use.</summary>
internal sealed class Source
{
    /// <summary>Makes one of its options.</summary>
    /// <param name="name">What it is called in dead letters and health: its preset, or <c>Sources:{index}</c>.</param>
    /// <param name="options">Its options.</param>
    /// <param name="timeZone">What its times are told in where it does not say.</param>
    /// <exception cref="FormatException">One of them is wrong; the message names it, its value and what is expected.</exception>
    public Source(string name, SourceOptions options, string timeZone)
    {
        Name = name;
        IsIgnored = options.Ignore;
        MaxSeries = options.MaxSeries;
        Format = options.Format;
        Rules = new MetricRules(options);
        Template = ReadTemplate(options.Topic);
        if (options.MaxSeries < 1) throw new FormatException($"MaxSeries is {options.MaxSeries}: expected 1 or more");
        Settings = new DecodeSettings
        {
            TimePath = options.Time,
            DeviceTag = options.DeviceTag,
            TimeZone = TimeZoneInfo.TryFindSystemTimeZoneById(options.TimeZone ?? timeZone, out var zone)
                ? zone
                : throw new FormatException($"TimeZone '{options.TimeZone ?? timeZone}' is not known here: expected a name like Europe/Berlin"),
            Pattern = options.Pattern is null ? null : ReadPattern(options.Pattern),
        };
    }

    /// <summary>What it is called in dead letters and health.</summary>
    public string Name { get; }

    /// <summary>Its messages are passed over.</summary>
    public bool IsIgnored { get; }

    /// <summary>Series that it may make.</summary>
    public int MaxSeries { get; }

    /// <summary>Its topics.</summary>
    public TopicTemplate Template { get; }

    /// <summary>Format of its payloads.</summary>
    public PayloadFormat Format { get; }

    /// <summary>What else it says about them.</summary>
    public DecodeSettings Settings { get; }

    /// <summary>Its rules for metrics.</summary>
    public MetricRules Rules { get; }

    private static TopicTemplate ReadTemplate(string text)
    {
        try
        {
            return new TopicTemplate(text);
        }
        catch (FormatException error)
        {
            throw new FormatException($"Topic '{text}' {error.Message}", error);
        }
    }

    private static Regex ReadPattern(string text)
    {
        try
        {
            // Without backtracking: its time grows with the text only, whatever a stranger sends.
            var pattern = new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            if (!pattern.GetGroupNames().Contains("value")) throw new FormatException($"Pattern '{text}' has no group named value: expected (?<value>…)");
            return pattern;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            throw new FormatException($"Pattern '{text}' is not read: {error.Message}", error);
        }
    }
}
