using Tally.Contracts;

namespace Tally.Ingest.Receiving;

/// <summary>What the delivering session subscribes to.</summary>
internal static class SubscriptionFilters
{
    /// <summary>The filters that options ask for.</summary>
    public static IReadOnlyList<string> Of(IngestOptions options) => options.SharedGroup.Length == 0
        ? Plain(options.Filters)
        : [.. Plain(options.Filters).Select(filter => $"$share/{options.SharedGroup}/{filter}")];

    /// <summary>
    /// What a session may hold of which nothing is remembered: Ingest subscribed without groups before it had a memory for it.
    /// </summary>
    public static IReadOnlyList<string> Unremembered(IngestOptions options) =>
        [.. Plain(options.Filters.Union(IngestOptions.UsualForeignFilters)).Union(Of(options))];

    private static IReadOnlyList<string> Plain(IEnumerable<string> foreign) => [Topics.AllTelemetry, Topics.AllRuns, .. foreign];
}
