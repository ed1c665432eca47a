using System.Diagnostics;
using System.Text;
using Tally.AckResponder.Notices;
using Tally.Mqtt;

namespace Tally.AckResponder.Tracing;

/// <summary>The spans of an acknowledgement until it is settled, one in the trace of each sampled message that it speaks of.</summary>
internal sealed class PublishSpans : IDisposable
{
    private readonly List<Activity> _spans;
    private readonly byte[] _encoded;

    private PublishSpans(List<Activity> spans) => (_spans, _encoded) = (spans, MqttTraceContext.Encode([.. spans]));

    /// <summary>What the acknowledgement carries of them.</summary>
    public MqttUserProperties UserProperties => new(_encoded);

    /// <summary>It is about to be published.</summary>
    /// <returns>Null when it speaks of no sampled message, or nobody listens.</returns>
    public static PublishSpans? Begin(Acknowledgement acknowledgement)
    {
        if (acknowledgement.Processes.Count == 0) return null;
        var topic = Encoding.UTF8.GetString(acknowledgement.Topic);
        var spans = new List<Activity>(acknowledgement.Processes.Count);
        foreach (var process in acknowledgement.Processes)
        {
            if (AckResponderTelemetry.StartPublish(topic, process.Context) is { } span) spans.Add(span);
        }

        return new PublishSpans(spans);
    }

    /// <summary>It is settled.</summary>
    public void Dispose()
    {
        foreach (var span in _spans) span.Stop();
    }
}
