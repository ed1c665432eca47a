using System.Text;
using Tally.Contracts.Payloads;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>
/// Turns a message into rows of a batch: readings, an announcement, or a dead letter. Whatever arrives ends as one of
/// them; nothing is thrown for bad input, and nothing is allocated for a native reading. For the receive loop only.
/// </summary>
internal sealed class MessageReader(
    Catalog catalog, AckAddresses addresses, ForeignIdentities foreign, TimeProvider time, ILogger<MessageReader> logger)
{
    /// <summary>Begins the reason of a message that was not foreseen.</summary>
    public const string Defect = "a defect of Ingest: ";

    private readonly TopicCache _topics = new(addresses);
    private readonly NativeReadingReader _native = new();
    private readonly SenMlReader _senMl = new();
    private readonly SenMlSeries _senMlSeries = new(catalog);

    /// <summary>Reads one message into a batch.</summary>
    public void Read(in MqttMessage message, PendingBatch batch)
    {
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
        if (message.Topic.StartsWith("runs/"u8))
        {
            ReadAnnouncement(message, batch, number, asked);
            return;
        }

        var topic = _topics.Find(message.Topic, out var problem);
        var payload = PayloadFormats.WithoutByteOrderMark(message.Payload);
        if (topic is null) Reject(message, batch, new Rejection(number, problem!, null, null, 0), asked);
        else if (payload.IsEmpty) Reject(message, batch, new Rejection(number, "the payload is empty", topic, null, 0), asked);
        else
        {
            switch (PayloadFormats.Of(message.Packet.ContentType, payload))
            {
                case PayloadFormat.Native:
                    ReadNative(message, payload, batch, number, topic, asked);
                    break;
                case PayloadFormat.SenMl:
                    ReadSenMl(message, payload, batch, number, topic, asked);
                    break;
                default:
                    ReadText(message, payload, batch, number, topic, asked);
                    break;
            }
        }
    }

    private void ReadNative(in MqttMessage message, ReadOnlySpan<byte> payload, PendingBatch batch, int number, TopicSeries topic, AckAddress? asked)
    {
        var problem = _native.Read(payload, out var reading);
        if (reading.HasIdentity)
        {
            var run = catalog.GetRun(reading.Run);

            // A copy sent again would get another arrival time, and be a second row under the same identity.
            if (problem is null && reading.At is null) problem = "a reading with run and seq needs its time (at)";
            if (problem is not null)
            {
                Reject(message, batch, new Rejection(number, problem, topic, run, reading.Seq), asked ?? topic.DeviceAddress);
                return;
            }

            batch.TellAbout(number, asked ?? topic.DeviceAddress, message.Packet.CorrelationData);
            batch.CountReceived(run, 1);
            batch.Rows.Add(new Reading
            {
                Series = topic.Series ??= catalog.GetSeries(topic.Device.Span, topic.Metric.Span, reading.Unit),
                Run = run,
                Seq = reading.Seq,
                At = reading.At!.Value,
                Value = reading.Value,
                Message = number,
            });
            return;
        }

        if (problem is not null)
        {
            Reject(message, batch, new Rejection(number, problem, topic, null, 0), asked);
            return;
        }

        AddForeign(message, batch, number, topic.Series ??= catalog.GetSeries(topic.Device.Span, topic.Metric.Span, reading.Unit), reading.At, reading.Value, null, asked);
    }

    private void ReadText(in MqttMessage message, ReadOnlySpan<byte> payload, PendingBatch batch, int number, TopicSeries topic, AckAddress? asked)
    {
        if (PlainText.Read(payload, out var text, out var value) is { } problem)
        {
            Reject(message, batch, new Rejection(number, problem, topic, null, 0), asked);
            return;
        }

        var series = topic.Series ??= catalog.GetSeries(topic.Device.Span, topic.Metric.Span, default);
        AddForeign(message, batch, number, series, null, value, text, asked);
    }

    private void AddForeign(
        in MqttMessage message, PendingBatch batch, int number, Series series, long? at, double value, string? rawText, AckAddress? asked)
    {
        if (!foreign.TryRecall(message, out var seq, out var arrival))
        {
            arrival = Now();
            seq = foreign.Take(message, arrival, 1);
        }

        batch.TellAbout(number, asked, message.Packet.CorrelationData);
        batch.CountReceived(catalog.Foreign, 1);
        batch.Rows.Add(new Reading
        {
            Series = series,
            Run = catalog.Foreign,
            Seq = seq,
            At = at ?? arrival,
            Value = value,
            RawText = rawText,
            Message = number,
        });
    }

    private void ReadSenMl(in MqttMessage message, ReadOnlySpan<byte> payload, PendingBatch batch, int number, TopicSeries topic, AckAddress? asked)
    {
        var known = foreign.TryRecall(message, out var seq, out var arrival);
        if (!known) arrival = Now();
        var before = batch.Rows.Count;
        var problem = _senMl.Read(payload, arrival) ?? _senMlSeries.Resolve(_senMl, topic);
        if (problem is not null)
        {
            Reject(message, batch, new Rejection(number, problem, topic, null, 0), asked);
            return;
        }

        if (!known) seq = foreign.Take(message, arrival, _senMl.Count);
        for (var i = 0; i < _senMl.Count; i++)
        {
            var record = _senMl[i];
            batch.Rows.Add(new Reading
            {
                Series = _senMlSeries[i],
                Run = catalog.Foreign,
                Seq = seq + i,
                At = record.At,
                Value = record.Value,
                Message = number,
            });
        }

        batch.TellAbout(number, asked, message.Packet.CorrelationData);
        batch.CountReceived(catalog.Foreign, batch.Rows.Count - before);
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
        batch.Reject(
            rejection,
            rejection.Topic is null ? null : Encoding.UTF8.GetString(rejection.Topic.Device.Span),
            rejection.Topic is null ? null : Encoding.UTF8.GetString(rejection.Topic.Metric.Span));
    }

    private long Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
