using System.Diagnostics;
using Tally.Contracts;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.ServiceDefaults.Telemetry;
using Tally.Storage;

namespace Tally.Ingest.Tracing;

/// <summary>
/// The spans of a batch's sampled messages, from their arrival to their PUBACK: <c>process</c>, in it <c>store</c> and the
/// <c>publish</c> of the notice that speaks of the message. Each is linked to the span of the batch, under which COPY stands.
/// </summary>
internal sealed class BatchTraces
{
    /// <summary>
    /// Traces that a batch takes part in; more are counted as untraced. A notice about it carries the context of each, some
    /// 80 bytes: 10 kB at most.
    /// </summary>
    public const int Limit = 128;

    private readonly List<TracedMessage> _messages = [];

    /// <summary>Takes the trace of a message that has just arrived, if it has one and somebody listens.</summary>
    /// <param name="number">Its number in the batch.</param>
    /// <param name="message">The message.</param>
    public void Begin(int number, in MqttMessage message)
    {
        if (message.Packet.UserProperties is null || !IngestTelemetry.Spans.HasListeners()) return;
        if (!MqttTraceContext.TryGet(message.Packet.UserProperties, out var context) || !context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)) return;
        if (_messages.Count == Limit)
        {
            IngestTelemetry.Untraced.Add(1);
            return;
        }

        if (IngestTelemetry.StartProcess(message, context) is { } span) _messages.Add(new TracedMessage(number, span, PublishedAt.Find(message.Packet.UserProperties)));
    }

    /// <summary>Writing begins.</summary>
    /// <param name="messageCount">Messages in the batch.</param>
    /// <returns>The span of the batch, now the surroundings of what is called; null when none of its messages is sampled.</returns>
    public Activity? BeginStoring(int messageCount)
    {
        if (_messages.Count == 0 || IngestTelemetry.StartBatch(messageCount, _messages[0].Context) is not { } batch) return null;
        foreach (var message in _messages) message.BeginStoring(batch.Context);
        Activity.Current = batch;
        return batch;
    }

    /// <summary>The batch is on disk.</summary>
    public void EndStoring()
    {
        foreach (var message in _messages) message.EndStoring();
    }

    /// <summary>The batch is thrown away: its messages arrive again.</summary>
    public void Discard()
    {
        foreach (var message in _messages) message.Discard();
    }

    /// <summary>A notice about that run speaks to that publisher, whose sampled messages it then carries, each once.</summary>
    public void BeginPublishing(Run run, AckAddress to, PendingBatch batch, NoticeWriter notice)
    {
        foreach (var message in _messages)
        {
            if (message.IsPublishing || batch.SenderOf(message.Number) is not { CorrelationLength: 0 } sender || !ReferenceEquals(sender.Address, to)) continue;
            if (message.BeginPublishing(run) is { } span) notice.Trace(span.Id!, span.TraceStateString);
        }
    }

    /// <summary>A notice about that run answers that message.</summary>
    /// <returns>The span to carry in the answer; null when the message is not sampled.</returns>
    public Activity? BeginPublishing(Run run, int number)
    {
        foreach (var message in _messages)
        {
            if (message.Number == number && !message.IsPublishing) return message.BeginPublishing(run);
        }

        return null;
    }

    /// <summary>All notices about the batch have their PUBACK.</summary>
    public void EndPublishing()
    {
        foreach (var message in _messages) message.EndPublishing();
    }

    /// <summary>The messages are acknowledged, or given up; forgets them.</summary>
    public void Clear()
    {
        foreach (var message in _messages) message.End();
        _messages.Clear();
    }
}
