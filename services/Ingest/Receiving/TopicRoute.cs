using Tally.Ingest.Sources;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>What a topic says: the source that reads it, device and metric, and what hangs on them. Made once for each topic.</summary>
/// <param name="source">The source.</param>
/// <param name="device">Device, UTF-8.</param>
/// <param name="metric">Metric, UTF-8; empty: the topic names none.</param>
/// <param name="origin">What its series have as theirs.</param>
/// <param name="addresses">Knows where the device is acknowledged.</param>
internal sealed class TopicRoute(Source source, byte[] device, byte[] metric, SeriesOrigin origin, AckAddresses addresses)
{
    private const int MostMetrics = 100;

    private AckAddress? _deviceAddress;
    private Series? _last;
    private Dictionary<byte[], Series>? _others;
    private long? _warnedAt;

    /// <summary>The source.</summary>
    public Source Source => source;

    /// <summary>Device, UTF-8.</summary>
    public ReadOnlyMemory<byte> Device => device;

    /// <summary>Metric, UTF-8; empty: the topic names none.</summary>
    public ReadOnlyMemory<byte> Metric => metric;

    /// <summary>What its series have as theirs.</summary>
    public SeriesOrigin Origin => origin;

    /// <summary>Where the device is acknowledged when its messages ask for no other place.</summary>
    public AckAddress DeviceAddress => _deviceAddress ??= addresses.OfDevice(device);

    /// <summary>Something in its messages was passed over, and was named in the log.</summary>
    public bool IsIgnoringTold { get; set; }

    /// <summary>Some of its messages were stored: one that is not is a change.</summary>
    public bool HasSeries => _last is not null;

    /// <summary>The series of a metric of its device; made for a reading that is stored, and found again without asking the catalog.</summary>
    /// <param name="catalog">Gives it.</param>
    /// <param name="name">Metric.</param>
    /// <param name="unit">Unit.</param>
    /// <param name="changed">Its last reading had another unit.</param>
    public Series SeriesOf(Catalog catalog, ReadOnlySpan<byte> name, ReadOnlySpan<byte> unit, out bool changed)
    {
        changed = false;
        if (_last is { } last && last.Metric.Span.SequenceEqual(name))
        {
            if (last.Unit.Span.SequenceEqual(unit)) return last;
            changed = true;
        }
        else if (_others is not null && _others.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var other))
        {
            if (other.Unit.Span.SequenceEqual(unit)) return other;
            changed = true;
        }

        var series = catalog.GetSeries(device, name, unit, origin);
        if (_last is null || _last.Metric.Span.SequenceEqual(name))
        {
            _last = series;
            return series;
        }

        // Most topics have one metric; one that invents them shall not keep them all.
        _others ??= new Dictionary<byte[], Series>(ByteKeys.Instance);
        if (_others.Count == MostMetrics) _others.Clear();
        _others.GetAlternateLookup<ReadOnlySpan<byte>>()[name] = series;
        return series;
    }

    /// <summary>Whether it is an hour and more since something was said about the topic.</summary>
    public bool MayWarn(TimeProvider time)
    {
        var now = time.GetTimestamp();
        if (_warnedAt is { } before && time.GetElapsedTime(before, now) < TimeSpan.FromHours(1)) return false;
        _warnedAt = now;
        return true;
    }
}
