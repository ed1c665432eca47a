using System.Text;
using Tally.Contracts;
using Tally.Contracts.Payloads;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>Makes rows of what a decoder found in a message without identity. For the receive loop only.</summary>
internal sealed class ForeignRows(Catalog catalog, TimeProvider time, ILogger logger)
{
    /// <summary>Series whose tags are remembered, 30 bytes each.</summary>
    private const int TaggedCapacity = 100_000;

    private readonly Dictionary<Series, int> _tags = [];
    private readonly byte[] _metric = new byte[Limits.NameBytes * 2 + 1];

    /// <summary>Adds the readings of a message to a batch, or none of them.</summary>
    /// <param name="route">What its topic says.</param>
    /// <param name="found">What its payload says.</param>
    /// <param name="format">What it was read as.</param>
    /// <param name="arrival">What goes for all of its readings; the time is its arrival.</param>
    /// <param name="batch">The batch.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Add(TopicRoute route, DecodedReadings found, PayloadFormat format, in Reading arrival, PendingBatch batch)
    {
        var before = batch.Rows.Count;
        for (var i = 0; i < found.Count; i++)
        {
            if (Add(route, found[i], format, arrival with { Seq = arrival.Seq + i }, batch) is not { } problem) continue;
            batch.Rows.Truncate(before);
            return problem;
        }

        return batch.Rows.Count > before ? null : "no metric of the message is stored (Include, Exclude)";
    }

    private string? Add(TopicRoute route, in DecodedReading found, PayloadFormat format, Reading row, PendingBatch batch)
    {
        var metric = MetricOf(route, found, format);
        if (metric.Length > Limits.NameBytes) return Names.Misfit("metric", metric, Limits.NameBytes);
        var unit = found.Unit;
        var value = found.Value;
        if (!route.Source.Rules.AreEmpty)
        {
            var rule = route.Source.Rules.Of(metric);
            if (rule.Name is null) return null;
            metric = rule.Name;
            if (unit.IsEmpty) unit = rule.Unit;
            value = value * rule.Scale + rule.Offset;
            if (!double.IsFinite(value)) return $"out of the range of a double, scaled: {Encoding.UTF8.GetString(metric)}";
        }

        row.Series = SeriesOf(route, found.Device, metric, unit);
        if (found.Tags != 0 && !IsTagged(row.Series, found.Tags))
            return $"only tags tell two series of the device apart, so the source has to name the device's tag (DeviceTag): {Encoding.UTF8.GetString(metric)}";
        if (found.At is { } at)
        {
            if (at > row.At + MessageReader.Day) row.Marks |= ReadingMarks.Ahead;
            row.Marks &= ~(ReadingMarks.Arrival | ReadingMarks.Late);
            row.At = at;
            if (row.KnownIf == KnownIf.AnyOfSeries) row.KnownIf = KnownIf.SameTime;
        }
        else if (row.KnownIf == KnownIf.SameTime)
        {
            row.KnownIf = KnownIf.Never; // its arrival is another one each time
        }

        (row.Value, row.RawText) = (value, found.Text);
        batch.Rows.Add(row);
        return null;
    }

    /// <summary>Says that a metric has another unit than before, once an hour for each topic.</summary>
    public void TellUnit(TopicRoute route, Series series)
    {
        if (!route.MayWarn(time)) return;
        logger.LogWarning(
            "{Topic}: the unit of {Metric} has changed to '{Unit}'; readings of each unit are kept apart. Said once an hour.",
            route.Origin.Topic, Encoding.UTF8.GetString(series.Metric.Span), Encoding.UTF8.GetString(series.Unit.Span));
    }

    private Series SeriesOf(TopicRoute route, ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, ReadOnlySpan<byte> unit)
    {
        if (!device.IsEmpty) return catalog.GetSeries(device, metric, unit, route.Origin);
        var series = route.SeriesOf(catalog, metric, unit, out var changed);
        if (changed) TellUnit(route, series);
        return series;
    }

    /// <summary>A path stands behind the topic's metric; <c>value</c> is that itself. Names that count everywhere stand alone.</summary>
    private ReadOnlySpan<byte> MetricOf(TopicRoute route, in DecodedReading found, PayloadFormat format)
    {
        var own = found.Metric;
        var topics = route.Metric.Span;
        if (format == PayloadFormat.LineProtocol || !found.Device.IsEmpty) return own.IsEmpty ? topics : own;
        if (own.IsEmpty || own.SequenceEqual("value"u8)) return topics.IsEmpty ? "value"u8 : topics;
        if (topics.IsEmpty) return own;
        topics.CopyTo(_metric);
        _metric[topics.Length] = (byte)'.';
        own.CopyTo(_metric.AsSpan(topics.Length + 1));
        return _metric.AsSpan(0, topics.Length + 1 + own.Length);
    }

    private bool IsTagged(Series series, int tags)
    {
        if (_tags.TryGetValue(series, out var known)) return known == tags;
        if (_tags.Count == TaggedCapacity) _tags.Clear();
        _tags[series] = tags;
        return true;
    }
}
