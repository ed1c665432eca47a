using System.Text;
using Tally.Contracts.Payloads;
using Tally.Ingest.Sources;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>
/// Turns a message into rows of a batch: readings, an announcement, or a dead letter. Whatever arrives ends as one of
/// them; nothing is thrown for bad input, and nothing is allocated for a native reading. For the receive loop only.
/// </summary>
internal sealed class MessageReader(
    Catalog catalog, SourceSet sources, AckAddresses addresses, ForeignIdentities foreign, TimeProvider time, ILogger<MessageReader> logger)
{
    /// <summary>Microseconds that a clock may be ahead, before a reading's time is marked as such.</summary>
    public const long Day = 86_400_000_000;

    /// <summary>Begins the reason of a message that was not foreseen.</summary>
    public const string Defect = "a defect of Ingest: ";

    private readonly TopicCache _topics = new(sources, addresses);
    private readonly NativeReadingReader _native = new();
    private readonly PayloadDecoder _decoder = new();
    private readonly DecodedReadings _found = new();
    private readonly ForeignRows _rows = new(catalog, time, logger);
    private long _tomorrow; // a day after the batch began

    /// <summary>Identity of the message that is read in again; null: messages arrive.</summary>
    public ReplayedIdentity? Replaying { get; set; }

    /// <summary>What arrives was kept by the broker while nobody was there.</summary>
    public bool IsCatchingUp { get; set; }

    /// <summary>Reads one message into a batch.</summary>
    public void Read(in MqttMessage message, PendingBatch batch)
    {
        if (batch.MessageCount == 0) _tomorrow = Now() + Day;
        var number = batch.AddMessage(message, time.GetTimestamp());
        batch.Traces.Begin(number, message);
        var before = batch.Rows.Count;
        try
        {
            Read(message, batch, number);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // Nobody foresaw this message. It must not end the process, which would find it again after each start.
            batch.Rows.Truncate(before);
            Reject(message, batch, new Rejection(number, $"{Defect}{error.GetType().Name}", null, null, 0), null);
            logger.LogError(error, "A message on {Topic} could not be read, and is kept as a dead letter.", Encoding.UTF8.GetString(message.Topic));
        }
    }

    private void Read(in MqttMessage message, PendingBatch batch, int number)
    {
        var asked = addresses.Find(message.Packet.ResponseTopic);
        if (!message.Topic.StartsWith("telemetry/"u8))
        {
            if (message.Topic.StartsWith("runs/"u8))
            {
                ReadAnnouncement(message, batch, number, asked);
                return;
            }

            if (addresses.IsOwn(message.Topic)) return; // what the services tell each other; the subscription is to everything
            if (CatchUp.IsMark(message.Topic, message.Payload, out var epoch))
            {
                // Of this connection: all that was kept came before it. Another instance's says nothing here.
                if (epoch == message.Delivery.Epoch) IsCatchingUp = false;
                return;
            }
        }

        var route = _topics.Find(message.Topic, out var problem);
        var payload = PayloadFormats.Trim(message.Payload);
        if (route is null) Reject(message, batch, new Rejection(number, problem!, null, null, 0), asked);
        else if (route.Source.IsIgnored) Ignore(message, batch, number, route, asked);
        else if (payload.IsEmpty) PassOver(message, batch, number, route, asked, "the payload is empty");
        else if (route.Source.Format <= PayloadFormat.Native && NativeReadingReader.TryReadLayout(payload, out var reading)) AddNative(message, batch, number, route, asked, reading);
        else ReadForeign(message, payload, batch, number, route, asked);
    }

    /// <summary>An empty message deletes what the broker keeps (MQTT 5, 3.3.1.3); who sends it otherwise, and asks, is told that it is no reading.</summary>
    private static void PassOver(in MqttMessage message, PendingBatch batch, int number, TopicRoute route, AckAddress? asked, string reason)
    {
        IngestTelemetry.Ignored.Add(1);
        batch.TellAbout(number, asked, message.Packet.CorrelationData);
        batch.Rejections.Add(new Rejection(number, reason, route, null, 0));
    }

    private void Ignore(in MqttMessage message, PendingBatch batch, int number, TopicRoute route, AckAddress? asked)
    {
        PassOver(message, batch, number, route, asked, $"the topic is one that {route.Source.Name} passes over");
        if (route.IsIgnoringTold) return;
        route.IsIgnoringTold = true;
        logger.LogInformation("{Topic}: its messages are no readings and are passed over ({Source}); said once for the topic.", route.Origin.Topic, route.Source.Name);
    }

    private void ReadNative(in MqttMessage message, ReadOnlySpan<byte> payload, PendingBatch batch, int number, TopicRoute route, AckAddress? asked)
    {
        var problem = _native.Read(payload, out var reading);
        var run = reading.HasIdentity ? catalog.GetRun(reading.Run) : null;

        // A copy sent again would get another arrival time, and be a second row under the same identity.
        if (problem is null && reading.At is null) problem = "a reading with run and seq needs its time (at)";
        if (problem is null) AddNative(message, batch, number, route, asked, reading);
        else Reject(message, batch, new Rejection(number, problem, route, run, reading.Seq), run is null ? asked : asked ?? route.DeviceAddress);
    }

    private void AddNative(in MqttMessage message, PendingBatch batch, int number, TopicRoute route, AckAddress? asked, in NativeReading reading)
    {
        var run = catalog.GetRun(reading.Run);
        var series = route.SeriesOf(catalog, route.Metric.Length > 0 ? route.Metric.Span : "value"u8, reading.Unit, out var changed);
        if (changed) _rows.TellUnit(route, series);
        batch.TellAbout(number, asked ?? route.DeviceAddress, message.Packet.CorrelationData);
        batch.CountReceived(run, 1);
        batch.Rows.Add(new Reading
        {
            Series = series,
            Run = run,
            Seq = reading.Seq,
            At = reading.At!.Value,
            Value = reading.Value,
            RawText = reading.Text,
            Marks = reading.At > _tomorrow ? ReadingMarks.Ahead : ReadingMarks.None,
            Message = number,
        });
    }

    private void ReadForeign(in MqttMessage message, ReadOnlySpan<byte> payload, PendingBatch batch, int number, TopicRoute route, AckAddress? asked)
    {
        var known = foreign.TryRecall(message, out var seq, out var arrival);
        if (Replaying is { } replayed) (known, seq, arrival) = (true, replayed.FirstSeq, replayed.Arrival);
        if (!known) arrival = Now();
        var problem = _decoder.Read(route.Source.Format, route.Source.Settings, message.Packet.ContentType, payload, arrival, _found, out var format);
        if (format == PayloadFormat.Native || (problem is not null && route.Source.Format <= PayloadFormat.Native && HasIdentity(payload)))
        {
            ReadNative(message, payload, batch, number, route, asked);
            return;
        }

        if (!known && problem is null) seq = foreign.Take(message, arrival, _found.Count);
        var before = batch.Rows.Count;
        problem ??= _rows.Add(route, _found, format, Arrived(message, number, seq, arrival, known), batch);
        if (problem is not null)
        {
            Reject(message, batch, new Rejection(number, problem, route, null, 0), asked);
            if (route.HasSeries && route.MayWarn(time))
                logger.LogWarning("{Topic}: had readings, and now what is none: {Reason}. It is a dead letter; said once an hour.", route.Origin.Topic, problem);
            return;
        }

        batch.TellAbout(number, asked, message.Packet.CorrelationData);
        batch.CountReceived(catalog.Foreign, batch.Rows.Count - before);
        if (_found.Remainder is { } remainder)
        {
            batch.CountReceived(catalog.Foreign, 1);
            batch.Keep(new Rejection(number, remainder, route, null, 0));
        }

        if (_found.Ignored > 0) TellIgnored(route);
    }

    /// <summary>Whether a payload that cannot be stored says all the same which reading it is.</summary>
    private bool HasIdentity(ReadOnlySpan<byte> payload)
    {
        _native.Read(payload, out var reading);
        return reading.HasIdentity;
    }

    /// <summary>What goes for every reading of a foreign message.</summary>
    private Reading Arrived(in MqttMessage message, int number, long seq, long arrival, bool known) => new()
    {
        Series = null!, // each reading has its own
        Run = catalog.Foreign,
        Seq = seq,
        At = arrival,
        Marks = ReadingMarks.Arrival | (IsCatchingUp ? ReadingMarks.Late : 0) | (message.Packet.Retain ? ReadingMarks.Retained : 0) | (Replaying is null ? 0 : ReadingMarks.Replayed),
        KnownIf = message.Packet.Retain ? KnownIf.AnyOfSeries : message.Packet.Dup && !known ? KnownIf.SameTime : KnownIf.Never,
        Message = number,
    };

    private void TellIgnored(TopicRoute route)
    {
        IngestTelemetry.Ignored.Add(_found.Ignored);
        if (route.IsIgnoringTold) return;
        route.IsIgnoringTold = true;
        logger.LogInformation(
            "{Topic}: {Count} values of a message are no readings and are passed over, as '{Name}'; said once for the topic.", route.Origin.Topic, _found.Ignored, _found.FirstIgnored);
    }

    private void ReadAnnouncement(in MqttMessage message, PendingBatch batch, int number, AckAddress? asked)
    {
        var problem = AnnouncementReader.Read(message.Topic["runs/"u8.Length..], message.Payload, out var announcement);
        if (announcement is null)
        {
            Reject(message, batch, new Rejection(number, problem!, null, null, 0), asked);
            return;
        }

        batch.TellAbout(number, asked, message.Packet.CorrelationData);
        batch.Rows.Announcements.Add(announcement);
        batch.Announced.Add(new AnnouncedRun(number, catalog.GetRun(message.Topic["runs/"u8.Length..]), announcement.State));
    }

    private void Reject(in MqttMessage message, PendingBatch batch, in Rejection rejection, AckAddress? address)
    {
        batch.TellAbout(rejection.Message, address, message.Packet.CorrelationData);
        batch.CountReceived(rejection.Run ?? catalog.Foreign, 1);
        batch.Reject(rejection);
    }

    private long Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
