using Tally.Ingest.Receiving;

namespace Tally.Ingest.Retiring;

/// <summary>The two sessions of the instance that is retired.</summary>
internal sealed class BorrowedSessions(TelemetryHandler handler) : IDisposable
{
    /// <summary>The one that readings wait in.</summary>
    public BorrowedSession Delivery { get; } = new(handler);

    /// <summary>The one for notices.</summary>
    public BorrowedSession Notices { get; } = new(null);

    /// <summary>Why one of them is not connected yet; null when no attempt has failed.</summary>
    public string? Trouble => Notices.Trouble ?? Delivery.Trouble;

    /// <summary>One of them is gone, or refused.</summary>
    public bool AreLost => Notices.Lost.IsCompleted || Delivery.Lost.IsCompleted;

    /// <inheritdoc/>
    public void Dispose()
    {
        Delivery.Dispose();
        Notices.Dispose();
    }
}
