using System.Diagnostics;
using Tally.Storage;

namespace Tally.Ingest.Tracing;

/// <summary>One sampled message and its spans.</summary>
/// <param name="number">Its number in the batch.</param>
/// <param name="process">Its span, which the others are children of.</param>
/// <param name="publishedAt">When its publisher says that it was published; null when it does not say.</param>
internal sealed class TracedMessage(int number, Activity process, DateTimeOffset? publishedAt)
{
    private Activity? _store;
    private Activity? _publish;

    /// <summary>Its number in the batch.</summary>
    public int Number => number;

    /// <summary>Its span's place in its trace.</summary>
    public ActivityContext Context => process.Context;

    /// <summary>A notice that speaks of it has begun.</summary>
    public bool IsPublishing => _publish is not null;

    /// <summary>Its batch is being written.</summary>
    public void BeginStoring(ActivityContext batch)
    {
        process.AddLink(new ActivityLink(batch));
        _store = IngestTelemetry.StartStore(process.Context, batch);
    }

    /// <summary>It is on disk.</summary>
    public void EndStoring()
    {
        _store?.Stop();
        if (publishedAt is { } at) IngestTelemetry.PublishToStored.Record((DateTimeOffset.UtcNow - at).TotalSeconds);
    }

    /// <summary>A notice about that run speaks of it.</summary>
    public Activity? BeginPublishing(Run run) => _publish = IngestTelemetry.StartPublish(run, process.Context);

    /// <summary>The notice has its PUBACK.</summary>
    public void EndPublishing() => _publish?.Stop();

    /// <summary>It is thrown away.</summary>
    public void Discard() => process.SetStatus(ActivityStatusCode.Error, "discarded: the process stood still for longer than its keep-alive");

    /// <summary>It is acknowledged, or given up.</summary>
    public void End() => process.Stop();
}
