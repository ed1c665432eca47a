using System.Collections.Concurrent;
using System.Diagnostics;

namespace Tally.Integration.Tests.Telemetry;

/// <summary>Hears all spans of Tally that end in this process, and has all sampled.</summary>
internal sealed class Spans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public Spans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Tally.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Spans that have ended.</summary>
    public IReadOnlyCollection<Activity> Ended => _ended;

    /// <summary>The spans of one reading in the order of their beginning, without those of batches, which stand in the trace of their first reading.</summary>
    public IReadOnlyList<Activity> Of(ActivityTraceId trace) =>
        [.. _ended.Where(span => span.TraceId == trace && !IsOfBatch(span.OperationName)).OrderBy(span => span.StartTimeUtc)];

    private static bool IsOfBatch(string name) => name == "COPY readings" || name.StartsWith("process batch ", StringComparison.Ordinal);

    public void Dispose() => _listener.Dispose();
}
