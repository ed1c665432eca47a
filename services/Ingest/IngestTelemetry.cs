using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Tally.Mqtt;
using Tally.ServiceDefaults.Telemetry;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>
/// Names, spans and instruments of this service; the tests listen to the same. Spans follow OpenTelemetry's conventions for
/// messaging. Readings are counted all; spans are for sampled ones.
/// </summary>
internal static class IngestTelemetry
{
    /// <summary>Name of the source of spans and of the meter.</summary>
    public const string Name = "Tally.Ingest";

    private const string TelemetryTemplate = "telemetry/{device}";
    private const string ForeignTemplate = "{topic}";
    private const string StoredTemplate = "stored/{run}";

    /// <summary>Spans.</summary>
    public static readonly ActivitySource Spans = new(Name);

    private static readonly Meter Meter = new(Name);

    /// <summary>Readings received at the socket, copies included.</summary>
    public static readonly Counter<long> Received = Meter.CreateCounter<long>("tally.ingest.readings.received", "{reading}", "Readings received at the socket, copies included.");

    private static long _stored;

    /// <summary>Readings that are new in the store; counted by <see cref="CountStored"/>.</summary>
    private static readonly Counter<long> Stored = Meter.CreateCounter<long>("tally.ingest.readings.stored", "{reading}", "Readings that are new in the store.");

    /// <summary>Readings that were in the store already.</summary>
    public static readonly Counter<long> Duplicates = Meter.CreateCounter<long>("tally.ingest.readings.duplicates", "{reading}", "Readings that were in the store already.");

    /// <summary>Messages and readings put into dead_letters.</summary>
    public static readonly Counter<long> Rejected = Meter.CreateCounter<long>("tally.ingest.readings.rejected", "{reading}", "Messages and readings put into dead_letters.");

    /// <summary>Values and messages that are no readings: texts, empty messages.</summary>
    public static readonly Counter<long> Ignored = Meter.CreateCounter<long>("tally.ingest.values.ignored", "{value}", "Values and messages that are no readings: texts, empty messages.");

    /// <summary>Messages in a batch.</summary>
    public static readonly Histogram<int> BatchSize = Meter.CreateHistogram(
        "tally.ingest.batch.size", "{message}", "Messages in a batch.", advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] });

    /// <summary>Time from the beginning of writing a batch to its being on disk.</summary>
    public static readonly Histogram<double> FlushTime = Meter.CreateDuration(
        "tally.ingest.batch.flush.duration", "Time from the beginning of writing a batch to its being on disk.");

    /// <summary>Time from the publishing of a sampled reading to its being on disk, by the clocks of both machines.</summary>
    public static readonly Histogram<double> PublishToStored = Meter.CreateDuration(
        "tally.ingest.publish_to_stored.duration", "Time from the publishing of a sampled reading to its being on disk, by the clocks of both machines.");

    /// <summary>Messages that are received and not acknowledged yet.</summary>
    public static readonly UpDownCounter<long> Unacknowledged = Meter.CreateUpDownCounter<long>("tally.ingest.messages.unacknowledged", "{message}", "Messages that are received and not acknowledged yet.");

    /// <summary>Sampled messages beyond what a batch traces.</summary>
    public static readonly Counter<long> Untraced = Meter.CreateCounter<long>("tally.ingest.messages.untraced", "{message}", "Sampled messages beyond what a batch traces.");

    /// <summary>Messages whose Response Topic is not allowed.</summary>
    public static readonly Counter<long> RefusedResponseTopics = Meter.CreateCounter<long>("tally.ingest.response_topics.refused", "{message}", "Messages whose Response Topic is not allowed.");

    /// <summary>Notices that nobody subscribed to (reason 0x10), after all tries.</summary>
    public static readonly Counter<long> UnheardNotices = Meter.CreateCounter<long>("tally.ingest.notices.unheard", "{notice}", "Notices that nobody subscribed to, after all tries.");

    /// <summary>Notices published again, because the session ended before their PUBACK or nobody subscribed.</summary>
    public static readonly Counter<long> RepeatedNotices = Meter.CreateCounter<long>("tally.ingest.notices.repeated", "{notice}", "Notices published again.");

    /// <summary>Notices that could not be published at all.</summary>
    public static readonly Counter<long> UnsendableNotices = Meter.CreateCounter<long>("tally.ingest.notices.unsendable", "{notice}", "Notices that could not be published at all.");

    /// <summary>Batches thrown away because the process had been stopped and its connection is gone.</summary>
    public static readonly Counter<long> DiscardedBatches = Meter.CreateCounter<long>("tally.ingest.batches.discarded", "{batch}", "Batches thrown away because the process had been stopped and its connection is gone.");

    static IngestTelemetry() => Meter.CreateRate("tally.ingest.readings.stored.rate", "{reading}/s", "Readings per second that are new in the store.", () => Volatile.Read(ref _stored));

    /// <summary>Counts readings that are new in the store. For the writer only.</summary>
    public static void CountStored(long readings)
    {
        Stored.Add(readings);
        Volatile.Write(ref _stored, _stored + readings);
    }

    /// <summary>Starts the span of a sampled message that has arrived.</summary>
    public static Activity? StartProcess(in MqttMessage message, ActivityContext publisher) =>
        MqttSpan.Process(
            Spans, message.Topic.StartsWith("telemetry/"u8) ? TelemetryTemplate : ForeignTemplate, Encoding.UTF8.GetString(message.Topic), publisher)
            ?.SetTag(MqttSpan.BodySize, message.Payload.Length);

    /// <summary>Starts the span of a batch that holds sampled messages.</summary>
    public static Activity? StartBatch(int messages, ActivityContext first) => MqttSpan.ProcessBatch(Spans, TelemetryTemplate, messages, first);

    /// <summary>Starts the span of a sampled message's being stored, with its batch: the database is the fourth on a reading's way.</summary>
    public static Activity? StartStore(ActivityContext process, ActivityContext batch)
    {
        Activity.Current = null; // many begin side by side
        return Spans.StartActivity("store", ActivityKind.Client, process, links: [new ActivityLink(batch)])?
            .SetTag("db.system.name", "postgresql").SetTag("db.operation.name", "COPY").SetTag("db.collection.name", "readings").SetTag("peer.service", "postgresql");
    }

    /// <summary>Starts the span of a notice, as far as it speaks of a sampled message.</summary>
    public static Activity? StartPublish(Run run, ActivityContext process) =>
        MqttSpan.Publish(Spans, StoredTemplate, $"stored/{Encoding.UTF8.GetString(run.Name.Span)}", process);
}
