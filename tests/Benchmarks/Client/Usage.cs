namespace Tally.Benchmarks.Client;

/// <summary>Processor time, memory and time of this process at one moment.</summary>
internal readonly record struct Usage(TimeSpan User, TimeSpan System, long Allocated, TimeSpan At)
{
    /// <summary>Now.</summary>
    public static Usage Take()
    {
        var cpu = Environment.CpuUsage;
        return new Usage(cpu.UserTime, cpu.PrivilegedTime, GC.GetTotalAllocatedBytes(precise: true), TimeProvider.System.GetElapsedTime(0));
    }

    /// <summary>What happened since <paramref name="start"/>, per message.</summary>
    public SideFigures Since(Usage start, int messages) => new(
        Round((User + System - start.User - start.System).TotalMicroseconds / messages),
        Round((User - start.User).TotalMicroseconds / messages),
        Round((System - start.System).TotalMicroseconds / messages),
        Round((Allocated - start.Allocated) / (double)messages),
        Math.Round(messages / (At - start.At).TotalSeconds));

    private static double Round(double value) => Math.Round(value, 3);
}
