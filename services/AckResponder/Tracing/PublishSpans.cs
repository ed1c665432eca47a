using System.Diagnostics;
using MQTTnet.Packets;
using Tally.AckResponder.Notices;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.AckResponder.Tracing;

/// <summary>The spans of an acknowledgement until it is settled, one in the trace of each sampled message that it speaks of.</summary>
internal sealed class PublishSpans : IDisposable
{
    private readonly List<Activity> _spans;

    private PublishSpans(List<Activity> spans) => (_spans, UserProperties) = (spans, MqttTraceContext.Encode([.. spans]));

    /// <summary>What the acknowledgement carries of them.</summary>
    public List<MqttUserProperty> UserProperties { get; }

    /// <summary>It is about to be published.</summary>
    /// <returns>Null when it speaks of no sampled message, or nobody listens.</returns>
    public static PublishSpans? Begin(Acknowledgement acknowledgement)
    {
        if (acknowledgement.Processes.Count == 0) return null;
        var spans = new List<Activity>(acknowledgement.Processes.Count);
        foreach (var process in acknowledgement.Processes)
        {
            if (AckResponderTelemetry.StartPublish(acknowledgement.Topic, process.Context) is { } span) spans.Add(span);
        }

        return new PublishSpans(spans);
    }

    /// <summary>It is settled.</summary>
    public void Dispose()
    {
        foreach (var span in _spans) span.Stop();
    }
}
