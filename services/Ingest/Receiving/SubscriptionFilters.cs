using Tally.Ingest.Sources;

namespace Tally.Ingest.Receiving;

/// <summary>What the delivering session subscribes to.</summary>
internal static class SubscriptionFilters
{
    /// <summary>The filters that options ask for.</summary>
    public static IReadOnlyList<string> Of(IngestOptions options)
    {
        var (filters, own) = (Split(options.Topics), CatchUp.TopicOf(options.Instance));
        if (options.SharedGroup.Length > 0) return [.. filters.Select(filter => $"$share/{options.SharedGroup}/{filter}"), own];
        return filters.Exists(filter => TopicFilters.Overlap(filter, own)) ? filters : [.. filters, own];
    }

    /// <summary>Why they cannot be subscribed to, or null.</summary>
    public static string? Problem(string topics)
    {
        var filters = Split(topics);
        if (filters.Count == 0) return "names no topic filter: expected # for everything, or some with commas between them";
        for (var i = 0; i < filters.Count; i++)
        {
            if (FilterProblem(filters[i]) is { } problem) return $"'{filters[i]}' {problem}";
            if (filters.FindIndex(i + 1, other => TopicFilters.Overlap(filters[i], other)) is >= 0 and var other)
                return $"'{filters[i]}' and '{filters[other]}' match the same topics, whose messages would come twice";
        }

        return null;
    }

    private static string? FilterProblem(string filter)
    {
        try
        {
            return new TopicTemplate(filter).Filter == filter ? null : "has named levels: expected a topic filter (MQTT 5, 4.7)";
        }
        catch (FormatException error)
        {
            return error.Message;
        }
    }

    private static List<string> Split(string topics) => [.. topics.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
