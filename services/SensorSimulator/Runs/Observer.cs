namespace Tally.SensorSimulator.Runs;

/// <summary>Looks at a run several times a second: lets the window look for losses, shows progress, ends a run that stands still.</summary>
internal sealed class Observer(ActiveRun run, IRunProgress progress)
{
    /// <summary>Five looks a second: quick enough for a person, nothing beside thousands of readings.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly RateMeter _rate = new(run.Time);
    private readonly long _begin = run.Time.GetTimestamp();
    private long _notWaitingSince = run.Time.GetTimestamp();

    /// <summary>Observes until the run ends by itself.</summary>
    /// <returns>When it stands still for longer than <see cref="RunOptions.StallTimeout"/>.</returns>
    /// <exception cref="RunEnvironmentException">The broker is not there, or will not take what is published.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var wake = cancellationToken.UnsafeRegister(static run => ((ActiveRun)run!).WakeObserver.Set(), run);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Show();
            lock (run.Gate)
            {
                if (run.Failure is not null) throw run.Failure;
                run.Window.Tick();
                if (IsStalled()) return;
            }

            run.WakeSender.Set();
            await run.WakeObserver.WaitAsync(Interval);
        }
    }

    /// <summary>Shows how far the run is, and what was noted.</summary>
    public void Show()
    {
        while (run.TryTakeNote(out var line)) progress.OnNote(line!);
        RunSnapshot snapshot;
        lock (run.Gate)
        {
            var rate = _rate.Update(run.Window.Acknowledged);
            snapshot = new RunSnapshot(run.Plan.Expected, run.Window.Published, run.Window.Acknowledged, rate, run.Time.GetElapsedTime(_begin));
        }

        progress.OnProgress(snapshot);
    }

    private bool IsStalled()
    {
        if (!run.WasConnected)
        {
            if (run.Time.GetElapsedTime(_begin) < run.Options.ConnectTimeout) return false;
            throw new RunEnvironmentException(
                $"No connection to the broker within {run.Options.ConnectTimeout.TotalSeconds:N0} s (--connect-timeout): {run.Disconnected ?? "it does not answer"}");
        }

        var now = run.Time.GetTimestamp();
        var waiting = run.Disconnected is not null || run.Window.Outstanding > 0 || !run.Announcing.IsSettled;
        if (!waiting) _notWaitingSince = now;
        var since = Math.Max(_notWaitingSince, Math.Max(run.Window.ProgressAt, run.Announcing.ProgressAt));
        return run.Time.GetElapsedTime(since, now) >= run.Options.StallTimeout;
    }
}
