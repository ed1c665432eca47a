using System.Diagnostics.CodeAnalysis;

namespace Tally.Storage;

/// <summary>
/// Gives the one object of each series and run, by the bytes of their names. A known name costs a look-up and allocates
/// nothing. Any thread may ask; the writer sets the keys of what was handed out without asking here.
/// </summary>
/// <param name="capacity">
/// Series, and runs, to hold; at least 2. One takes about 250 bytes with names of usual length and at most 500, so 100,000 stay below
/// 50 MB of the 150 that a service may use, and are more than one broker's sensors in most places. When it is reached, those
/// not asked for again since the last time are dropped; a dropped one that comes again is a new object, and looked up again.
/// </param>
public sealed class Catalog(int capacity = 100_000)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Series> _series = new(SeriesComparer.Instance);
    private readonly HashSet<Run> _runs = new(RunComparer.Instance);
    private Run? _lastRun;

    /// <summary>The run of readings without run and seq.</summary>
    public Run Foreign { get; } = new("0"u8.ToArray(), 0);

    /// <summary>Series it holds.</summary>
    internal int SeriesCount => _series.Count;

    /// <summary>Runs it holds.</summary>
    internal int RunCount => _runs.Count;

    /// <summary>The series of that device, metric and unit. Allocates only when it is new.</summary>
    public Series GetSeries(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit, SeriesOrigin? origin = null)
    {
        var name = new SeriesName(device, metric, unit);
        lock (_lock)
        {
            if (_series.GetAlternateLookup<SeriesName>().TryGetValue(name, out var known))
            {
                known.Used = true;
                return known;
            }

            if (_series.Count >= capacity) Sweep(_series);
            var series = new Series(device.ToArray(), metric.ToArray(), unit.ToArray(), origin ?? SeriesOrigin.None);
            _series.Add(series);
            return series;
        }
    }

    /// <summary>The run of that name. Allocates only when it is new.</summary>
    public Run GetRun(ReadOnlySpan<byte> name)
    {
        // Readings of one run come in long rows.
        var last = Volatile.Read(ref _lastRun);
        if (last is not null && last.Name.Span.SequenceEqual(name)) return last;
        if (name.SequenceEqual(Foreign.Name.Span)) return Foreign;
        lock (_lock)
        {
            if (_runs.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var run))
            {
                run.Used = true;
            }
            else
            {
                if (_runs.Count >= capacity) Sweep(_runs);
                run = new Run(name.ToArray(), -1);
                _runs.Add(run);
            }

            Volatile.Write(ref _lastRun, run);
            return run;
        }
    }

    /// <summary>
    /// Drops what was not asked for again since it was made or last swept: names that come once are the ones that fill it. Should more than
    /// half be in use, everything goes: sweeping again and again to free a little would cost more than looking all of them up once.
    /// </summary>
    private void Sweep(HashSet<Series> set)
    {
        set.RemoveWhere(series => !series.Used);
        if (set.Count > capacity / 2) set.Clear();
        foreach (var series in set) series.Used = false;
    }

    private void Sweep(HashSet<Run> set)
    {
        set.RemoveWhere(run => !run.Used);
        if (set.Count > capacity / 2) set.Clear();
        foreach (var run in set) run.Used = false;
        _lastRun = null;
    }

    private readonly ref struct SeriesName(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit)
    {
        public readonly ReadOnlySpan<byte> Device = device;
        public readonly ReadOnlySpan<byte> Metric = metric;
        public readonly ReadOnlySpan<byte> Unit = unit;
    }

    /// <summary>Hashes with <see cref="HashCode"/>: seeded by process, so that nobody can choose names that collide.</summary>
    private sealed class SeriesComparer : IEqualityComparer<Series>, IAlternateEqualityComparer<SeriesName, Series>
    {
        public static readonly SeriesComparer Instance = new();

        public bool Equals(SeriesName name, Series series) =>
            name.Device.SequenceEqual(series.Device.Span) && name.Metric.SequenceEqual(series.Metric.Span) && name.Unit.SequenceEqual(series.Unit.Span);

        public bool Equals(Series? one, Series? other) =>
            one is null || other is null ? one == other : Equals(NameOf(one), other);

        public int GetHashCode(SeriesName name)
        {
            var hash = default(HashCode);
            hash.Add(name.Device.Length); // "a" + "bc" is not "ab" + "c"
            hash.AddBytes(name.Device);
            hash.Add(name.Metric.Length);
            hash.AddBytes(name.Metric);
            hash.AddBytes(name.Unit);
            return hash.ToHashCode();
        }

        public int GetHashCode([DisallowNull] Series series) => GetHashCode(NameOf(series));

        private static SeriesName NameOf(Series series) => new(series.Device.Span, series.Metric.Span, series.Unit.Span);

        public Series Create(SeriesName name) => throw new NotSupportedException("A series is made by its catalog, with its unit.");
    }

    private sealed class RunComparer : IEqualityComparer<Run>, IAlternateEqualityComparer<ReadOnlySpan<byte>, Run>
    {
        public static readonly RunComparer Instance = new();

        public bool Equals(ReadOnlySpan<byte> name, Run run) => name.SequenceEqual(run.Name.Span);

        public bool Equals(Run? one, Run? other) =>
            one is null || other is null ? one == other : one.Name.Span.SequenceEqual(other.Name.Span);

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            var hash = default(HashCode);
            hash.AddBytes(name);
            return hash.ToHashCode();
        }

        public int GetHashCode([DisallowNull] Run run) => GetHashCode(run.Name.Span);

        public Run Create(ReadOnlySpan<byte> name) => new(name.ToArray(), -1);
    }
}
