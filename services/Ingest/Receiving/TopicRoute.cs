using Tally.Ingest.Sources;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>What a topic says: the source that reads it, device and metric, and what hangs on them. Made once for each topic.</summary>
/// <param name="source">The source.</param>
/// <param name="device">Device, UTF-8.</param>
/// <param name="metric">Metric, UTF-8; empty: the topic names none.</param>
/// <param name="origin">What its series have as theirs.</param>
/// <param name="deviceAddress">Where the device is acknowledged when its messages ask for no other place.</param>
/// <param name="subscription">Identifier of the subscription whose copies count, where several bring the topic's messages; else 0.</param>
internal sealed class TopicRoute(Source source, byte[] device, byte[] metric, SeriesOrigin origin, AckAddress deviceAddress, uint subscription)
{
    /// <summary>The source.</summary>
    public Source Source => source;

    /// <summary>Device, UTF-8.</summary>
    public ReadOnlyMemory<byte> Device => device;

    /// <summary>Metric, UTF-8; empty: the topic names none.</summary>
    public ReadOnlyMemory<byte> Metric => metric;

    /// <summary>What its series have as theirs.</summary>
    public SeriesOrigin Origin => origin;

    /// <summary>Where the device is acknowledged when its messages ask for no other place.</summary>
    public AckAddress DeviceAddress => deviceAddress;

    /// <summary>Something in its messages was passed over, and was named in the log.</summary>
    public bool IsIgnoringTold { get; set; }

    /// <summary>The series of its last native reading: a message that is rejected makes none.</summary>
    private Series? _last;

    /// <summary>The series of a native reading.</summary>
    public Series SeriesOf(Catalog catalog, ReadOnlySpan<byte> unit) =>
        _last is { } last && last.Unit.Span.SequenceEqual(unit) ? last : _last = catalog.GetSeries(device, metric.Length > 0 ? metric : "value"u8, unit, origin);

    /// <summary>Whether that copy of a message counts. Another one comes with another subscription that matches its topic (MQTT 5, 3.3.4).</summary>
    public bool Counts(List<uint>? subscriptions) => subscription == 0 || subscriptions is null or [] || subscriptions.Contains(subscription);
}
