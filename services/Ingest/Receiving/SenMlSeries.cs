using Tally.Contracts;
using Tally.Contracts.Payloads;
using Tally.Storage;

namespace Tally.Ingest.Receiving;

/// <summary>
/// Decides under which series the records of a SenML pack are stored. The device is always the topic's. The metric is the
/// record's own, where its name says more than the device, else the topic's. A record that would share its metric with
/// an earlier one of another unit gets <c>{metric}.{unit}</c>: RFC 8428's own example (5.1.2) sends humidity, longitude and
/// latitude under one name.
/// </summary>
internal sealed class SenMlSeries(Catalog catalog)
{
    private readonly Dictionary<Series, int> _firstOf = [];
    private readonly List<Series> _series = [];
    private readonly byte[] _metric = new byte[Limits.NameBytes + 1 + Limits.UnitBytes];

    /// <summary>Series of a record.</summary>
    public Series this[int record] => _series[record];

    /// <summary>Finds the series of all records.</summary>
    /// <returns>Null, or why the pack cannot be stored.</returns>
    public string? Resolve(SenMlReader pack, TopicSeries topic)
    {
        _firstOf.Clear();
        _series.Clear();
        for (var i = 0; i < pack.Count; i++)
        {
            var record = pack[i];
            var metric = record.Metric.IsEmpty || record.Metric.SequenceEqual(topic.Device.Span) ? topic.Metric.Span : record.Metric;
            var series = catalog.GetSeries(topic.Device.Span, metric, record.Unit);
            if (!_firstOf.TryAdd(series, i) && !record.Unit.IsEmpty && !record.Unit.SequenceEqual(pack[_firstOf[series]].Unit))
            {
                var length = metric.Length + 1 + record.Unit.Length;
                if (length > Limits.NameBytes) return $"metric and unit of record {i + 1} together are longer than {Limits.NameBytes} bytes";
                metric.CopyTo(_metric);
                _metric[metric.Length] = (byte)'.';
                record.Unit.CopyTo(_metric.AsSpan(metric.Length + 1));
                series = catalog.GetSeries(topic.Device.Span, _metric.AsSpan(0, length), record.Unit);
            }

            _series.Add(series);
        }

        return null;
    }
}
