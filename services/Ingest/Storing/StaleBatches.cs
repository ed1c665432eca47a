using Tally.Ingest.Receiving;

namespace Tally.Ingest.Storing;

/// <summary>
/// Decides whether a batch may still be stored. Usually it may, also when its connection broke: its PUBACKs are dropped, the
/// broker delivers again, and identity (<see cref="ForeignIdentities"/> for those without) makes the copies duplicates. But
/// after a pause of the whole process its connection has been given up long ago, and another process may have taken the
/// messages over; then the batch is thrown away, and what still belongs to this process comes again.
/// </summary>
internal sealed class StaleBatches(ProcessPause pause, TelemetryHandler handler, IngestOptions options, TimeProvider time)
{
    /// <summary>How often to look whether the client has found out about its connection.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private long _survived = long.MinValue;

    /// <summary>Whether to throw a batch away. Waits, after a pause, until it is known how the connection stands.</summary>
    public async ValueTask<bool> IsStaleAsync(PendingBatch batch, CancellationToken cancellationToken)
    {
        if (pause.LastEnd is not { } end || end < batch.StartedAt || end == _survived) return false;

        // Within one keep-alive the client has a PINGRESP, or knows that the connection is gone.
        while (time.GetElapsedTime(end) < options.KeepAlive && !IsReplaced(batch)) await Task.Delay(Look, time, cancellationToken);
        var session = handler.Session;
        if (session.Connected && session.Epoch == batch.Epoch)
        {
            _survived = end;
            return false;
        }

        // A broker that lost the session delivers nothing again: then this copy is the only one.
        return !session.Connected || session.Present;
    }

    private bool IsReplaced(PendingBatch batch) => handler.Session is { Connected: true } session && session.Epoch != batch.Epoch;
}
