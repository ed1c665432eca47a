using Tally.Contracts;
using Tally.SensorSimulator.Publishing;

namespace Tally.SensorSimulator.Runs;

/// <summary>
/// The announcements of a run, started and finished, each sent until it is acknowledged: again when the session is lost or
/// nobody subscribes, and as a probe after silence, with the window's times.
/// </summary>
/// <remarks>Not thread-safe, like <see cref="Window"/>.</remarks>
internal sealed class Announcing(WindowOptions options, TimeProvider time)
{
    private readonly Entry _started = new(RunState.Started);
    private readonly Entry _finished = new(RunState.Finished);

    /// <summary>All that was to be announced is acknowledged.</summary>
    public bool IsSettled => !_started.IsOpen && !_finished.IsOpen;

    /// <summary>Timestamp of the last acknowledgement.</summary>
    public long ProgressAt { get; private set; } = time.GetTimestamp();

    /// <summary>What has been sent or should be, and is not acknowledged.</summary>
    public IReadOnlyList<RunState> Open => [.. new[] { _started, _finished }.Where(entry => entry.IsOpen).Select(entry => entry.State)];

    /// <summary>From now on this state is to be announced.</summary>
    public void Announce(RunState state)
    {
        var entry = EntryOf(state);
        if (entry.IsAnnounced) return;
        (entry.IsAnnounced, entry.IsOpen, entry.Wait) = (true, true, TimeSpan.Zero);
        entry.Since = time.GetTimestamp();
    }

    /// <summary>Chooses what to send and counts it as sent.</summary>
    public bool TryNext(out RunState state)
    {
        var entry = IsDue(_started) ? _started : IsDue(_finished) ? _finished : null;
        state = entry?.State ?? default;
        if (entry is null) return false;
        entry.Since = time.GetTimestamp();
        var doubled = entry.Probe * 2;
        entry.Wait = entry.Probe = doubled == TimeSpan.Zero ? options.ProbeAfter : doubled < options.MaxProbeAfter ? doubled : options.MaxProbeAfter;
        return true;
    }

    /// <summary>The client had no room for it: it stays due.</summary>
    public void Withdraw(RunState state)
    {
        var entry = EntryOf(state);
        (entry.Wait, entry.Probe) = (TimeSpan.Zero, TimeSpan.Zero);
    }

    /// <summary>The broker took it and nobody subscribes.</summary>
    public void OnRefused(RunState state)
    {
        var entry = EntryOf(state);
        entry.Since = time.GetTimestamp();
        entry.Wait = options.RefusedPause;
    }

    /// <summary>The broker has no memory of our session.</summary>
    public void OnSessionLost() => _started.Wait = _finished.Wait = TimeSpan.Zero;

    /// <summary>It is stored. A finished run has been started.</summary>
    public void OnAcknowledged(RunState state)
    {
        if (state == RunState.Finished) _finished.IsOpen = false;
        _started.IsOpen = false;
        ProgressAt = time.GetTimestamp();
    }

    private Entry EntryOf(RunState state) => state == RunState.Finished ? _finished : _started;

    private bool IsDue(Entry entry) => entry.IsOpen && time.GetElapsedTime(entry.Since) >= entry.Wait;

    private sealed class Entry(RunState state)
    {
        public RunState State { get; } = state;

        public bool IsAnnounced { get; set; }

        public bool IsOpen { get; set; }

        public long Since { get; set; }

        /// <summary>How long after <see cref="Since"/> it is sent again.</summary>
        public TimeSpan Wait { get; set; }

        /// <summary>The last pause between probes.</summary>
        public TimeSpan Probe { get; set; }
    }
}
