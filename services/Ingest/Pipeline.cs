using Tally.Ingest.Announcing;
using Tally.Ingest.Storing;

namespace Tally.Ingest;

/// <summary>What happens to batches: stored, announced, acknowledged.</summary>
internal sealed class Pipeline(WriterLoop writer, AnnouncerLoop announcer)
{
    /// <summary>Runs until nothing more comes.</summary>
    public async Task RunAsync(CancellationToken abort)
    {
        var writing = writer.RunAsync(abort);
        var announcing = announcer.RunAsync(abort);
        await await Task.WhenAny(writing, announcing); // the writer ends first, unless one fails
        await announcing;
    }
}
