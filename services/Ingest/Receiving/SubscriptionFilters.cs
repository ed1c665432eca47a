using Tally.Contracts;
using Tally.Ingest.Sources;
using Tally.Mqtt;

namespace Tally.Ingest.Receiving;

/// <summary>What the delivering session subscribes to.</summary>
internal static class SubscriptionFilters
{
    /// <summary>Filters of sessions of which nothing is remembered: what Ingest subscribed to before it had a memory for it.</summary>
    private static readonly string[] OfOld = ["telemetry/+/+", "telemetry/#", Topics.AllRuns, "Building/#", "home/#", "sensor/#"];

    /// <summary>The subscriptions that options ask for.</summary>
    public static IReadOnlyList<MqttSubscription> Of(SourceSet sources, IngestOptions options) =>
    [
        .. sources.Filters.Prepend(Topics.AllRuns).Select(filter => new MqttSubscription(InGroup(filter, options)) { Identifier = sources.IdentifierOf(filter) }),
        new MqttSubscription(CatchUp.TopicOf(options.Instance)),
    ];

    /// <summary>What a session may hold of which nothing is remembered.</summary>
    public static IReadOnlyList<string> Unremembered(SourceSet sources, IngestOptions options) =>
        [.. OfOld.Union(Of(sources, options).Select(subscription => subscription.Filter))];

    private static string InGroup(string filter, IngestOptions options) => options.SharedGroup.Length == 0 ? filter : $"$share/{options.SharedGroup}/{filter}";
}
