using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tally.ServiceDefaults;

/// <summary>What one resource has used during the run.</summary>
/// <param name="Name">Resource.</param>
/// <param name="CpuSeconds">Processor time since the run's start, all its processes and lives.</param>
/// <param name="PeakRssMb">Most resident memory, in units of 1,000,000 bytes.</param>
public sealed record ResourceUsage(string Name, double CpuSeconds, double PeakRssMb);

/// <summary>Looks once a second at what each resource uses, since nothing can be asked of a process that has ended. What was used before the first look is not counted.</summary>
public sealed class UsageSampler
{
    private const string Postgres = "postgres";

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<(string Name, Func<int?> ProcessId, bool IsNew)> _sources = [];
    private readonly Dictionary<(string Name, int ProcessId), (double AtStart, double Seconds, long Peak)> _lives = [];

    /// <summary>Adds a resource, whose process <paramref name="processId"/> gives. One that starts with the run is new: all its time counts.</summary>
    public void Add(string name, Func<int?> processId, bool isNew = false)
    {
        lock (_lock) _sources.Add((name, processId, isNew));
        Look();
    }

    /// <summary>Looks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (; !stop.IsCancellationRequested; Look()) await Task.Delay(Interval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Looks now.</summary>
    public void Look()
    {
        lock (_lock)
        {
            foreach (var (name, processId, isNew) in _sources)
            {
                if (processId() is not { } pid || ProcessUsage.Of(pid) is not { } usage) continue;
                var (seconds, peak) = name == Postgres ? WithChildren(pid, usage) : (usage.Seconds, usage.PeakBytes);
                // A resource that was started again during the run is new as well: all its time is the run's.
                var atStart = _lives.TryGetValue((name, pid), out var life) ? life.AtStart : isNew || _lives.Keys.Any(key => key.Name == name) ? 0 : seconds;
                _lives[(name, pid)] = (atStart, Math.Max(seconds, life.Seconds), Math.Max(peak, life.Peak));
            }
        }
    }

    /// <summary>What each that had a process has used so far, in the order in which they were added.</summary>
    public IReadOnlyList<ResourceUsage> Usage()
    {
        lock (_lock)
        {
            return
            [
                .. from source in _sources
                   let lives = _lives.Where(life => life.Key.Name == source.Name).Select(life => life.Value).ToList()
                   where lives.Count > 0
                   select new ResourceUsage(source.Name, Math.Round(lives.Sum(life => life.Seconds - life.AtStart), 2), Math.Round(lives.Max(life => life.Peak) / 1e6, 1)),
            ];
        }
    }

    /// <summary>Adds <c>processes</c> to a run's report (JSON); false when there is no such file.</summary>
    public bool AddTo(string report)
    {
        if (!File.Exists(report)) return false;
        var json = JsonNode.Parse(File.ReadAllText(report))!.AsObject();
        json["processes"] = JsonSerializer.SerializeToNode(Usage(), Indented);
        File.WriteAllText(report + ".new", json.ToJsonString(Indented) + "\n");
        File.Move(report + ".new", report, overwrite: true);
        return true;
    }

    // PostgreSQL is a process for each connection: those that have ended are in the postmaster's own numbers, those that live are its
    // children. They share the page cache, so it is counted once: as the largest share that one of them has touched.
    private static (double Seconds, long Bytes) WithChildren(int pid, ProcessUsage postmaster)
    {
        var all = ProcessUsage.ChildrenOf(pid).Select(ProcessUsage.Of).OfType<ProcessUsage>().Append(postmaster).ToList();
        return (all.Sum(usage => usage.Seconds) + postmaster.WaitedSeconds, all.Sum(usage => usage.OwnBytes) + all.Max(usage => usage.SharedBytes));
    }
}

/// <summary>Processor time and memory of a process, as Linux's /proc gives them (proc(5)).</summary>
/// <param name="Parent">Number of its parent.</param>
/// <param name="Seconds">Processor time, user and system.</param>
/// <param name="WaitedSeconds">Processor time of its children that have ended.</param>
/// <param name="PeakBytes">Most memory it ever had resident.</param>
/// <param name="OwnBytes">Resident memory that it shares with nobody.</param>
/// <param name="SharedBytes">Resident memory that it may share: program files and shared memory.</param>
public readonly record struct ProcessUsage(int Parent, double Seconds, double WaitedSeconds, long PeakBytes, long OwnBytes, long SharedBytes)
{
    // USER_HZ is 100 on every architecture of Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Reads that of one process; null when it is not there any more, is only a zombie, or there is no /proc.</summary>
    public static ProcessUsage? Of(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/stat"), File.ReadAllLines($"/proc/{pid}/status"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The processes that a process has started and that are still there.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        var file = $"/proc/{pid}/task/{pid}/children";
        return File.Exists(file) ? [.. File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))] : [];
    }

    internal static ProcessUsage? Parse(string stat, IReadOnlyCollection<string> status)
    {
        // The name is in parentheses and may hold anything; state is the first field after it, field 3 of the manual.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double Seconds(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture) / TicksPerSecond;
        long Bytes(string name) => status.Where(line => line.StartsWith(name, StringComparison.Ordinal)) // "VmHWM:     1234 kB"
            .Sum(line => long.Parse(line.AsSpan(name.Length).Trim("kB \t"), CultureInfo.InvariantCulture) * 1024);
        return fields[0] is "Z" or "X" ? null : new ProcessUsage(
            int.Parse(fields[4 - 3], CultureInfo.InvariantCulture), Seconds(14) + Seconds(15), Seconds(16) + Seconds(17),
            Bytes("VmHWM:"), Bytes("RssAnon:"), Bytes("RssFile:") + Bytes("RssShmem:"));
    }
}
