using System.Text;

namespace Tally.Contracts.Payloads;

/// <summary>
/// What a decoder found in one message, and what it passed over. Used for message after message; it keeps its memory and allocates nothing
/// once that has grown.
/// </summary>
public sealed class DecodedReadings
{
    /// <summary>Readings in one message. As many as Ingest stores at once; a message is stored whole or not at all, so it has to be bounded.</summary>
    public const int MaxReadings = 2_000;

    private Entry[] _entries = new Entry[16];
    private byte[] _bytes = new byte[1024];
    private int _used;

    /// <summary>Readings found.</summary>
    public int Count { get; private set; }

    /// <summary>Values that are no readings: texts, records without a number.</summary>
    public int Ignored { get; private set; }

    /// <summary>Name of the first of them; empty when there is none.</summary>
    public string FirstIgnored { get; private set; } = "";

    /// <summary>What of the message could not be stored although the rest was; null when nothing.</summary>
    public string? Remainder { get; set; }

    /// <summary>A reading, in the order of the message. Its spans are valid until the next <see cref="Clear"/>.</summary>
    public DecodedReading this[int index]
    {
        get
        {
            ref readonly var entry = ref _entries[index];
            return new DecodedReading
            {
                Device = _bytes.AsSpan(entry.Start, entry.DeviceLength),
                Metric = MetricOf(entry),
                Unit = _bytes.AsSpan(entry.Start + entry.DeviceLength + entry.MetricLength, entry.UnitLength),
                Value = entry.Value,
                Text = entry.Text,
                At = entry.At,
                Tags = entry.Tags,
            };
        }
    }

    /// <summary>Forgets the message before.</summary>
    public void Clear()
    {
        _entries.AsSpan(0, Count).Clear(); // texts must not be held on to
        (Count, _used, Ignored, FirstIgnored, Remainder) = (0, 0, 0, "", null);
    }

    /// <summary>Adds a reading.</summary>
    /// <param name="device">Device; empty: the topic's.</param>
    /// <param name="metric">Metric; empty: the topic's.</param>
    /// <param name="unit">Unit; empty: none.</param>
    /// <param name="value">Value.</param>
    /// <param name="text">Text to keep beside it, or null.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Add(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit, double value, string? text = null)
    {
        if (Count == MaxReadings) return $"more than {MaxReadings} readings in one message";
        if (!double.IsFinite(value)) return $"out of the range of a double: {Encoding.UTF8.GetString(metric)}";
        var start = _used;
        var (deviceLength, metricLength, unitLength) = (0, 0, 0);
        var problem = Append("device", device, Limits.NameBytes, ref deviceLength)
            ?? Append("metric", metric, Limits.NameBytes, ref metricLength)
            ?? Append("unit", unit, Limits.UnitBytes, ref unitLength);
        if (problem is not null) return problem;

        if (Count == _entries.Length) Array.Resize(ref _entries, Count * 2);
        var hash = default(HashCode);
        hash.AddBytes(_bytes.AsSpan(start, _used - start));
        _entries[Count++] = new Entry(start, deviceLength, metricLength, unitLength, hash.ToHashCode(), value) { Text = text };
        return null;
    }

    /// <summary>Passes over something that is no reading.</summary>
    public void Ignore(ReadOnlySpan<byte> name)
    {
        if (Ignored++ == 0) FirstIgnored = Encoding.UTF8.GetString(name);
    }

    /// <summary>Says when the readings from <paramref name="first"/> on were measured, microseconds since 1970; null: on arrival.</summary>
    public void SetTime(int first, long? at)
    {
        foreach (ref var entry in _entries.AsSpan(first, Count - first)) entry.At = at;
    }

    /// <summary>Says by which tags the readings from <paramref name="first"/> on are told from others of their device and metric.</summary>
    public void SetTags(int first, int tags)
    {
        foreach (ref var entry in _entries.AsSpan(first, Count - first)) entry.Tags = tags;
    }

    /// <summary>Gives the reading of that metric a unit that stood elsewhere in the message.</summary>
    /// <returns>False: there is no such reading.</returns>
    public bool TrySetUnit(int first, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit)
    {
        var found = false;
        for (var i = first; i < Count; i++)
        {
            var entry = _entries[i];
            if (entry.UnitLength > 0 || !MetricOf(entry).SequenceEqual(metric)) continue;
            var length = entry.DeviceLength + entry.MetricLength;
            Reserve(length + unit.Length);
            _bytes.AsSpan(entry.Start, length).CopyTo(_bytes.AsSpan(_used));
            unit.CopyTo(_bytes.AsSpan(_used + length));
            _entries[i] = entry with { Start = _used, UnitLength = unit.Length };
            _used += length + unit.Length;
            found = true;
        }

        return found;
    }

    /// <summary>Takes a beginning away from the metrics from <paramref name="first"/> on, where all of them have it.</summary>
    public void CutPrefix(int first, ReadOnlySpan<byte> prefix)
    {
        for (var i = first; i < Count; i++)
        {
            if (_entries[i].DeviceLength > 0 || !MetricOf(_entries[i]).StartsWith(prefix)) return;
        }

        foreach (ref var entry in _entries.AsSpan(first, Count - first))
            entry = entry with { Start = entry.Start + prefix.Length, MetricLength = entry.MetricLength - prefix.Length };
    }

    /// <summary>The first of the readings from <paramref name="first"/> on that has name and unit of one before it; -1 when none has.</summary>
    public int FindRepeated(int first)
    {
        for (var i = first + 1; i < Count; i++)
        {
            for (var j = first; j < i; j++)
            {
                if (_entries[i].Hash == _entries[j].Hash && NameOf(_entries[i]).SequenceEqual(NameOf(_entries[j]))) return i;
            }
        }

        return -1;
    }

    private ReadOnlySpan<byte> MetricOf(in Entry entry) => _bytes.AsSpan(entry.Start + entry.DeviceLength, entry.MetricLength);

    private ReadOnlySpan<byte> NameOf(in Entry entry) => _bytes.AsSpan(entry.Start, entry.DeviceLength + entry.MetricLength + entry.UnitLength);

    private string? Append(string what, ReadOnlySpan<byte> text, int limit, ref int length)
    {
        if (!Names.Fits(text, limit)) return Names.Misfit(what, text, limit);
        Reserve(text.Length);
        text.CopyTo(_bytes.AsSpan(_used));
        _used += length = text.Length;
        return null;
    }

    private void Reserve(int length)
    {
        if (_used + length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + length));
    }

    private record struct Entry(int Start, int DeviceLength, int MetricLength, int UnitLength, int Hash, double Value)
    {
        public string? Text { get; init; }

        public long? At { get; set; }

        public int Tags { get; set; }
    }
}

/// <summary>A reading as a decoder found it.</summary>
public readonly ref struct DecodedReading
{
    /// <summary>Device; empty: the topic's.</summary>
    public ReadOnlySpan<byte> Device { get; init; }

    /// <summary>Metric: a path in the message; empty: the topic's.</summary>
    public ReadOnlySpan<byte> Metric { get; init; }

    /// <summary>Unit; empty: none was given.</summary>
    public ReadOnlySpan<byte> Unit { get; init; }

    /// <summary>The value; finite.</summary>
    public double Value { get; init; }

    /// <summary>The text to keep beside the value; null for a number that a double holds.</summary>
    public string? Text { get; init; }

    /// <summary>When it was measured, in microseconds since 1970-01-01T00:00:00Z; null when the message does not say.</summary>
    public long? At { get; init; }

    /// <summary>Hash of what tells it from others of its device and metric beside their names; 0: nothing does.</summary>
    public int Tags { get; init; }
}
