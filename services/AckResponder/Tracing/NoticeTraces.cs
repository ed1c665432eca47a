using System.Diagnostics;
using System.Text;
using Tally.AckResponder.Notices;

namespace Tally.AckResponder.Tracing;

/// <summary>
/// The spans of a notice: one for itself, and for each sampled message that it speaks of one in that message's trace, linked to it.
/// </summary>
internal sealed class NoticeTraces
{
    private readonly List<Activity> _processes = [];
    private Activity? _notice;

    /// <summary>The notice has arrived.</summary>
    /// <returns>Null when it speaks of no sampled message, or nobody listens.</returns>
    public static NoticeTraces? Begin(ReadOnlySpan<byte> topicUtf8, IReadOnlyList<Acknowledgement> acknowledgements)
    {
        if (!AckResponderTelemetry.Spans.HasListeners() || acknowledgements.All(acknowledgement => acknowledgement.Traces.Count == 0)) return null;
        var topic = Encoding.UTF8.GetString(topicUtf8);
        var traces = new NoticeTraces();
        foreach (var acknowledgement in acknowledgements)
        {
            foreach (var context in acknowledgement.Traces)
            {
                if (AckResponderTelemetry.StartProcess(topic, context) is not { } process) continue;
                traces._notice ??= AckResponderTelemetry.StartBatch(acknowledgements.Count, process.Context);
                if (traces._notice is { } notice) process.AddLink(new ActivityLink(notice.Context));
                traces._processes.Add(process);
                acknowledgement.Processes.Add(process);
            }
        }

        return traces;
    }

    /// <summary>All acknowledgements are settled.</summary>
    public void End()
    {
        foreach (var process in _processes) process.Stop();
        _notice?.Stop();
    }
}
