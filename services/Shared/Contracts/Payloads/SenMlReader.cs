using System.Text.Json;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads SenML JSON (RFC 8428) with numeric values: the pack whole, or not at all. Base fields (bn, bt, bu, bv, bver)
/// hold from their record on; unknown labels are passed over unless they end with <c>_</c> (4.4). Records with vs, vb or
/// vd, or with a sum and no value, are refused. Not for several threads at once.
/// </summary>
public sealed class SenMlReader
{
    /// <summary>Records in one pack. As many as Ingest stores at once; a pack is stored whole or not at all, so it has to be bounded.</summary>
    public const int MaxRecords = 2_000;

    /// <summary>The version that RFC 8428 defines (4.4). Smaller ones are drafts of it; larger ones ask for features that nobody here knows.</summary>
    private const double Version = 10;

    /// <summary>Below 2^28 seconds a time is relative to now (4.5.3).</summary>
    private const double RelativeBelow = 1 << 28;

    private readonly SenMlFields _fields = new();
    private readonly List<Resolved> _records = [];
    private byte[] _texts = new byte[1024];
    private int _used;

    /// <summary>Resolved records that have a value.</summary>
    public int Count => _records.Count;

    /// <summary>A resolved record, in the order of the pack.</summary>
    public SenMlRecord this[int index]
    {
        get
        {
            var record = _records[index];
            return new SenMlRecord
            {
                Metric = _texts.AsSpan(record.Text, record.MetricLength),
                Unit = _texts.AsSpan(record.Text + record.MetricLength, record.UnitLength),
                Value = record.Value,
                At = record.At,
            };
        }
    }

    /// <summary>Reads one pack.</summary>
    /// <param name="payload">The payload, without byte order mark.</param>
    /// <param name="now">Arrival, in microseconds since 1970: what relative times are relative to.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(ReadOnlySpan<byte> payload, long now)
    {
        _records.Clear();
        _used = 0;
        _fields.BeginPack();
        try
        {
            var problem = ReadPack(new Utf8JsonReader(payload), now);
            if (problem is not null) _records.Clear();
            return problem;
        }
        catch (JsonException error)
        {
            // The platform's reader has no other way to say that a text is no JSON.
            _records.Clear();
            return $"not JSON, or nested too deep, at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}";
        }
    }

    private string? ReadPack(Utf8JsonReader json, long now)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray) return "a SenML pack is a JSON array";
        for (var number = 1; json.Read() && json.TokenType != JsonTokenType.EndArray; number++)
        {
            if (json.TokenType != JsonTokenType.StartObject) return $"record {number} is not a JSON object";
            if (number > MaxRecords) return $"more than {MaxRecords} records in one message";
            if ((_fields.Read(ref json) ?? Resolve(now)) is { } problem) return $"record {number}: {problem}";
        }

        json.Read(); // text behind the array is an error
        return _records.Count > 0 ? null : "no record has a value";
    }

    private string? Resolve(long now)
    {
        if (_fields.Version > Version) return $"version {_fields.Version} is newer than 10 (bver)";
        if (_fields.HasOnlyBaseFields) return null;
        if (!_fields.HasValue) return "no value (v)";

        var value = _fields.BaseValue + _fields.Value;
        if (!double.IsFinite(value)) return "bv + v is out of the range of a double";

        var at = Math.Round((_fields.BaseTime + _fields.Time) * 1e6);
        if (_fields.BaseTime + _fields.Time < RelativeBelow) at += now;
        if (!(at >= Limits.EarliestAt && at <= Limits.LatestAt)) return "the time (bt + t) is not in the years 1 to 9999";

        if (!SenMlName.IsValid(_fields.Name)) return "the name (bn + n) is not of A-Z a-z 0-9 - : . / _ with a letter or digit first";
        var metric = SenMlName.MetricOf(_fields.Name);
        if (metric.Length > Limits.NameBytes) return $"the last part of the name is longer than {Limits.NameBytes} bytes";

        _records.Add(new Resolved(_used, metric.Length, _fields.Unit.Length, value, (long)at));
        Append(metric);
        Append(_fields.Unit);
        return null;
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        if (_used + text.Length > _texts.Length) Array.Resize(ref _texts, _texts.Length * 2);
        text.CopyTo(_texts.AsSpan(_used));
        _used += text.Length;
    }

    private readonly record struct Resolved(int Text, int MetricLength, int UnitLength, double Value, long At);
}
