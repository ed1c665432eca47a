namespace Tally.Storage.Model;

/// <summary>
/// A topic filter that an instance of Ingest has subscribed to, in this life or an earlier one; table <c>ingest_subscriptions</c>.
/// MQTT has no question for the subscriptions of a session, so what shall be ended one day has to be remembered.
/// </summary>
public sealed class IngestSubscriptionRow
{
    /// <summary>Name of the instance.</summary>
    public required string Instance { get; init; }

    /// <summary>The filter, with <c>$share/{group}/</c> where it is shared.</summary>
    public required string Filter { get; init; }
}
