using Tally.Ingest.Announcing;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Ingest.Retiring;

/// <summary>Watches whether retiring goes on, and says why it does not.</summary>
internal sealed class Patience(
    BorrowedSessions sessions,
    StoredTotals totals,
    BatchWriter writer,
    NoticeTrouble notices,
    RetireOptions options,
    TimeProvider time,
    ILogger<Patience> logger)
{
    /// <summary>How often to look. Retiring takes seconds; this adds little to it.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>After this long without a connection the user is told what is tried again; sooner it may be a refusal that ends it.</summary>
    private static readonly TimeSpan Quietly = TimeSpan.FromSeconds(1);

    /// <summary>Returns when nothing has moved for too long.</summary>
    /// <returns>What it waits for.</returns>
    public async Task<string> RunOutAsync(CancellationToken cancellationToken)
    {
        var (before, since, said) = (Progress(), time.GetTimestamp(), false);
        while (time.GetElapsedTime(since) < options.Timeout)
        {
            await Task.Delay(Look, time, cancellationToken);
            var now = Progress();
            if (now != before) (before, since) = (now, time.GetTimestamp());
            if (said || sessions.Trouble is not { } trouble || time.GetElapsedTime(since) < Quietly) continue;
            logger.LogWarning("{Trouble} Trying again for up to {Timeout}.", trouble, options.Timeout);
            said = true;
        }

        return $"nothing has moved for {options.Timeout.TotalSeconds:0.#} s: {Reason()}";
    }

    private (bool Notices, bool Delivery, long Messages, long Readings) Progress() =>
        (sessions.Notices.Connected.IsCompleted, sessions.Delivery.Connected.IsCompleted, sessions.Delivery.Messages, totals.Readings);

    private string Reason() => sessions.Trouble ?? StorageTrouble() ?? notices.Line ?? "the broker does not answer";

    private string? StorageTrouble() => writer.Health is { State: StorageState.Away or StorageState.NotReady } storage ? storage.Line : null;
}
