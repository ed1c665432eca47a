namespace Tally.Benchmarks.Fuzz;

/// <summary>Managed heap and resident memory: before, at most, after.</summary>
internal sealed class MemoryWatch
{
    // Asking the system costs some ten microseconds; hostile input that buys memory does so for longer than this.
    private const long Interval = 100;

    private long _next;

    /// <summary>Managed heap after a full collection, in bytes.</summary>
    public long HeapBefore { get; } = GC.GetTotalMemory(forceFullCollection: true);

    /// <summary>Resident memory.</summary>
    public long ResidentBefore { get; } = Environment.WorkingSet;

    public long HeapPeak { get; private set; }

    public long ResidentPeak { get; private set; }

    public long HeapAfter { get; private set; }

    public long ResidentAfter { get; private set; }

    /// <summary>Looks, if it is time to.</summary>
    public void Look()
    {
        var now = Environment.TickCount64;
        if (now < _next) return;
        _next = now + Interval;
        HeapPeak = Math.Max(HeapPeak, GC.GetTotalMemory(forceFullCollection: false));
        ResidentPeak = Math.Max(ResidentPeak, Environment.WorkingSet);
    }

    /// <summary>Looks for the last time.</summary>
    public void End()
    {
        _next = 0;
        Look();
        HeapAfter = GC.GetTotalMemory(forceFullCollection: true);
        ResidentAfter = Environment.WorkingSet;
    }
}
