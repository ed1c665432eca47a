using System.Globalization;

namespace Tally.AppHost.Running;

/// <summary>Processor time and memory of a process, as Linux's /proc gives them.</summary>
/// <param name="Parent">Number of its parent.</param>
/// <param name="Seconds">Processor time, user and system.</param>
/// <param name="WaitedSeconds">Processor time of its children that have ended.</param>
/// <param name="PeakBytes">Most memory it ever had resident.</param>
/// <param name="OwnBytes">Resident memory that it shares with nobody.</param>
/// <param name="SharedBytes">Resident memory that it may share: program files and shared memory.</param>
internal readonly record struct ProcessUsage(int Parent, double Seconds, double WaitedSeconds, long PeakBytes, long OwnBytes, long SharedBytes)
{
    // USER_HZ is 100 on every architecture of Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Reads that of one process.</summary>
    /// <returns>Null when it is not there any more, or there is no /proc.</returns>
    public static ProcessUsage? Of(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/stat"), File.ReadLines($"/proc/{pid}/status"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>When it began, in ticks since the start of the machine: tells it from a later process of the same number. Null: it is not there, or only a zombie.</summary>
    public static long? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[22 - 3], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Takes it from the two files (proc(5)).</summary>
    internal static ProcessUsage Parse(string stat, IEnumerable<string> status)
    {
        // The name is in parentheses and may hold anything; state is the first field after it, field 3 of the manual.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double Ticks(int field) => long.Parse(fields[field - 3], CultureInfo.InvariantCulture) / TicksPerSecond;
        long peak = 0, own = 0, shared = 0;
        foreach (var line in status)
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal)) peak = Bytes(line);
            else if (line.StartsWith("RssAnon:", StringComparison.Ordinal)) own = Bytes(line);
            else if (line.StartsWith("RssFile:", StringComparison.Ordinal) || line.StartsWith("RssShmem:", StringComparison.Ordinal)) shared += Bytes(line);
        }

        var parent = int.Parse(fields[4 - 3], CultureInfo.InvariantCulture);
        return new ProcessUsage(parent, Ticks(14) + Ticks(15), Ticks(16) + Ticks(17), peak, own, shared);
    }

    // "VmHWM:     1234 kB"
    private static long Bytes(string line) =>
        long.Parse(line.AsSpan(line.IndexOf(':') + 1).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
}
