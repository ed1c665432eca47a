namespace Tally.Contracts;

/// <summary>User properties that a sampled reading has beside its trace context.</summary>
public static class TraceProperties
{
    /// <summary>When it was published, in milliseconds since 1970-01-01T00:00:00Z by the publisher's clock.</summary>
    public const string PublishedAt = "published-at";
}
