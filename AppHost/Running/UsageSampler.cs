namespace Tally.AppHost.Running;

/// <summary>What one resource has used during the run.</summary>
/// <param name="Name">Resource.</param>
/// <param name="CpuSeconds">Processor time since the run's start, all its processes and lives.</param>
/// <param name="PeakRssMb">Most resident memory, in units of 1,000,000 bytes.</param>
internal sealed record ResourceUsage(string Name, double CpuSeconds, double PeakRssMb);

/// <summary>
/// Looks once a second at what each resource uses, since nothing can be asked of a process that has ended. Processor time is counted
/// from the first look on, so a start before the run is not in it.
/// </summary>
internal sealed class UsageSampler
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<(string Name, Func<int?> ProcessId, bool IsNew)> _sources = [];
    private readonly Dictionary<(string Name, int ProcessId), Life> _lives = [];

    /// <summary>Adds a resource.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="processId">Its process now; null while there is none.</param>
    /// <param name="isNew">It starts with the run: all its processor time counts.</param>
    public void Add(string name, Func<int?> processId, bool isNew = false)
    {
        lock (_lock) _sources.Add((name, processId, isNew));
        Look();
    }

    /// <summary>Looks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop)) Look();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Look();
        }
    }

    /// <summary>What each has used so far, in the order in which they were added.</summary>
    public IReadOnlyList<ResourceUsage> Usage()
    {
        lock (_lock)
        {
            return
            [
                .. _sources.Select(source =>
                {
                    var lives = _lives.Where(life => life.Key.Name == source.Name).Select(life => life.Value).ToList();
                    return new ResourceUsage(
                        source.Name,
                        Math.Round(lives.Sum(life => life.Seconds - life.SecondsAtStart), 2),
                        Math.Round(lives.Select(life => life.PeakBytes).DefaultIfEmpty().Max() / 1e6, 1));
                }),
            ];
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            foreach (var (name, processId, isNew) in _sources)
            {
                if (processId() is not { } pid || ProcessUsage.Of(pid) is not { } usage) continue;
                var seconds = usage.Seconds;
                var peak = usage.PeakBytes;
                if (name == "postgres") (seconds, peak) = WithChildren(pid, usage);
                var known = _lives.TryGetValue((name, pid), out var life);
                // A resource that was started again during the run is new as well: all its time is the run's.
                var atStart = known ? life.SecondsAtStart : isNew || _lives.Keys.Any(key => key.Name == name) ? 0 : seconds;
                _lives[(name, pid)] = new Life(atStart, Math.Max(seconds, life.Seconds), Math.Max(peak, life.PeakBytes));
            }
        }
    }

    // PostgreSQL is a process for each connection: those that have ended are in the postmaster's own numbers, those that live are its
    // children. They share the page cache, so it is counted once: as the largest share that one of them has touched.
    private static (double Seconds, long Bytes) WithChildren(int pid, ProcessUsage postmaster)
    {
        var seconds = postmaster.Seconds + postmaster.WaitedSeconds;
        var (own, shared) = (postmaster.OwnBytes, postmaster.SharedBytes);
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var other) || ProcessUsage.Of(other) is not { } usage || usage.Parent != pid) continue;
            seconds += usage.Seconds;
            own += usage.OwnBytes;
            shared = Math.Max(shared, usage.SharedBytes);
        }

        return (seconds, own + shared);
    }

    private readonly record struct Life(double SecondsAtStart, double Seconds, long PeakBytes);
}
