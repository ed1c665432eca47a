namespace Tally.AckResponder.Notices;

/// <summary>Counts what is in progress, and lets the receiver wait while it is too much.</summary>
internal sealed class NoticeBacklog(int maxNotices, long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<Notice> _inProgress = new();
    private long _bytes;
    private TaskCompletionSource? _room;

    /// <summary>The notice in progress for longest; null when there is none.</summary>
    public Notice? Oldest
    {
        get
        {
            lock (_lock) return _inProgress.TryPeek(out var oldest) ? oldest : null;
        }
    }

    /// <summary>A notice arrived.</summary>
    public void Add(Notice notice)
    {
        lock (_lock)
        {
            _inProgress.Enqueue(notice);
            _bytes += notice.Bytes;
        }
    }

    /// <summary>The oldest notice is settled.</summary>
    public void RemoveOldest()
    {
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            _bytes -= _inProgress.Dequeue().Bytes;
            if (!IsFull) (room, _room) = (_room, null);
        }

        room?.SetResult();
    }

    /// <summary>Waits until less is in progress than allowed. One waiter at a time.</summary>
    public ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        Task room;
        lock (_lock)
        {
            if (!IsFull) return ValueTask.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            room = _room.Task;
        }

        return new ValueTask(room.WaitAsync(cancellationToken));
    }

    private bool IsFull => _inProgress.Count >= maxNotices || _bytes >= maxBytes;
}
