using System.Diagnostics.Metrics;

namespace Tally.Ingest;

/// <summary>Names and instruments of this service's metrics; the tests listen to the same.</summary>
internal static class IngestTelemetry
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Tally.Ingest";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>Messages whose Response Topic is not allowed.</summary>
    public static readonly Counter<long> RefusedResponseTopics = Meter.CreateCounter<long>("tally.ingest.response_topics.refused", "{message}");

    /// <summary>Notices that nobody subscribed to (reason 0x10), after all tries.</summary>
    public static readonly Counter<long> UnheardNotices = Meter.CreateCounter<long>("tally.ingest.notices.unheard", "{notice}");

    /// <summary>Notices published again, because the session ended before their PUBACK or nobody subscribed.</summary>
    public static readonly Counter<long> RepeatedNotices = Meter.CreateCounter<long>("tally.ingest.notices.repeated", "{notice}");

    /// <summary>Notices that could not be published at all.</summary>
    public static readonly Counter<long> UnsendableNotices = Meter.CreateCounter<long>("tally.ingest.notices.unsendable", "{notice}");

    /// <summary>Batches thrown away because the process had been stopped and its connection is gone.</summary>
    public static readonly Counter<long> DiscardedBatches = Meter.CreateCounter<long>("tally.ingest.batches.discarded", "{batch}");

    /// <summary>Messages put into dead_letters.</summary>
    public static readonly Counter<long> Rejected = Meter.CreateCounter<long>("tally.ingest.messages.rejected", "{message}");
}
