using System.Diagnostics;
using System.Text;
using Tally.AckResponder.Tracing;
using Tally.Contracts;
using Tally.Mqtt;

namespace Tally.AckResponder.Notices;

/// <summary>A notice in progress: the acknowledgements that it asks for, and what it is waiting for.</summary>
/// <param name="delivery">Names the notice towards the broker.</param>
/// <param name="bytes">Its size.</param>
/// <param name="arrivedAt">Timestamp of its arrival.</param>
internal sealed class Notice(MqttDelivery delivery, int bytes, long arrivedAt) : INoticeVisitor
{
    private List<ActivityContext>? _traces; // of the acknowledgement that is being read

    /// <summary>Names the notice towards the broker.</summary>
    public MqttDelivery Delivery { get; } = delivery;

    /// <summary>Its size.</summary>
    public int Bytes { get; } = bytes;

    /// <summary>Timestamp of its arrival.</summary>
    public long ArrivedAt { get; } = arrivedAt;

    /// <summary>What to publish, in order.</summary>
    public List<Acknowledgement> Acknowledgements { get; } = [];

    /// <summary>Its spans; null when it speaks of no sampled message.</summary>
    public NoticeTraces? Traces { get; set; }

    /// <summary>Done when all of them are settled.</summary>
    public Task Published { get; set; } = Task.CompletedTask;

    /// <inheritdoc/>
    public void OnTrace(string traceparent, string? tracestate)
    {
        if (ActivityContext.TryParse(traceparent, tracestate, isRemote: true, out var context)) (_traces ??= []).Add(context);
    }

    /// <inheritdoc/>
    public void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation)
    {
        Acknowledgements.Add(new Acknowledgement(Encoding.UTF8.GetString(topic), payload.ToArray(), correlation.IsEmpty ? null : correlation.ToArray()) { Traces = _traces ?? [] });
        _traces = null;
    }
}

/// <summary>One acknowledgement to publish, copied out of the receive buffer.</summary>
/// <param name="Topic">Topic.</param>
/// <param name="Payload">JSON.</param>
/// <param name="Correlation">Correlation Data; null when there is none.</param>
internal sealed record Acknowledgement(string Topic, byte[] Payload, byte[]? Correlation)
{
    /// <summary>Traces of the sampled messages that it speaks of.</summary>
    public IReadOnlyList<ActivityContext> Traces { get; init; } = [];

    /// <summary>The notice's span in each of those traces.</summary>
    public List<Activity> Processes { get; } = [];
}
