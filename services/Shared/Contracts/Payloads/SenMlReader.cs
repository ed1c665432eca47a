using System.Text.Json;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads SenML JSON (RFC 8428): its numbers (v), booleans (vb) and sums (s). Base fields (bn, bt, bu, bv, bs, bver) hold from their record on;
/// unknown labels are passed over unless they end with <c>_</c> (4.4). Texts and data (vs, vd) are no readings; the pack's numbers are stored
/// without them. Not for several threads at once.
/// </summary>
public sealed class SenMlReader
{
    /// <summary>The version that RFC 8428 defines (4.4). Smaller ones are drafts of it; larger ones ask for features that nobody here knows.</summary>
    private const double Version = 10;

    /// <summary>Below 2^28 seconds a time is relative to now (4.5.3).</summary>
    private const double RelativeBelow = 1 << 28;

    private readonly SenMlFields _fields = new();
    private DecodedReadings _readings = new();

    /// <summary>Whether a JSON array is a SenML pack: its first element has nothing but labels of SenML.</summary>
    public static bool IsPack(ReadOnlySpan<byte> payload)
    {
        var json = new Utf8JsonReader(payload);
        try
        {
            json.Read();
            if (json.TokenType != JsonTokenType.StartArray || !json.Read() || json.TokenType != JsonTokenType.StartObject) return false;
            var labels = 0;
            for (; json.Read() && json.TokenType == JsonTokenType.PropertyName; labels++)
            {
                if (!SenMlFields.IsLabel(ref json)) return false;
                json.Skip();
            }

            return labels > 0;
        }
        catch (JsonException)
        {
            return false; // whoever reads it says what is wrong
        }
    }

    /// <summary>Reads one pack.</summary>
    /// <param name="payload">The payload, without byte order mark.</param>
    /// <param name="now">Arrival, in microseconds since 1970: what relative times are relative to.</param>
    /// <param name="readings">Gets what it says, by resolved names (4.6).</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(ReadOnlySpan<byte> payload, long now, DecodedReadings readings)
    {
        _readings = readings;
        _fields.BeginPack();
        var json = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = JsonReadings.MaxDepth });
        try
        {
            return ReadPack(ref json, now);
        }
        catch (JsonException error)
        {
            // The platform's reader has no other way to say so.
            return JsonText.Misread(json, error);
        }
    }

    private string? ReadPack(ref Utf8JsonReader json, long now)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray) return "a SenML pack is a JSON array";
        for (var number = 1; json.Read() && json.TokenType != JsonTokenType.EndArray; number++)
        {
            if (json.TokenType != JsonTokenType.StartObject) return $"a SenML record is no JSON object: record {number}";
            if ((_fields.Read(ref json) ?? Resolve(now)) is { } problem) return $"{problem}: record {number} of the SenML pack";
        }

        json.Read(); // text behind the array is an error
        return _readings.Count > 0 ? null : _readings.Remainder ?? "no record of the SenML pack has a value";
    }

    private string? Resolve(long now)
    {
        if (_fields.Version > Version) return "the version (bver) is newer than 10";
        if (_fields.HasOnlyBaseFields) return null;
        if (!SenMlName.IsValid(_fields.Name)) return "the name (bn + n) is not of A-Z a-z 0-9 - : . / _ with a letter or digit first";
        if (_fields.HasText)
        {
            _readings.Ignore(_fields.Name);
            _readings.Remainder = $"texts and data of a SenML pack (vs, vd) are not stored: {_readings.Ignored} of them, the first named '{_readings.FirstIgnored}'";
            return null;
        }

        if (_fields is { Value: null, Truth: null, Sum: null }) return "no value (v, vb or s)";
        long? at = null;
        var time = _fields.BaseTime + _fields.Time;
        if (time != 0)
        {
            var microseconds = Math.Round(time * 1e6) + (time < RelativeBelow ? now : 0);
            if (!(microseconds >= Limits.EarliestAt && microseconds <= Limits.LatestAt)) return "the time (bt + t) is not in the years 1 to 9999";
            at = (long)microseconds;
        }

        var first = _readings.Count;
        SenMlName.Split(_fields.BaseName, _fields.Name, out var device, out var metric);
        var problem = (_fields.Value ?? _fields.Truth) is null ? null
            : _readings.Add(device, metric, _fields.Unit, _fields.Value is { } value ? _fields.BaseValue + value : _fields.Truth!.Value, _fields.ValueText);
        if (_fields.Sum is { } sum)
        {
            Span<byte> name = stackalloc byte[Limits.NameBytes + 1];
            problem ??= SenMlName.TrySum(metric, name, out var length)
                ? _readings.Add(device, name[..length], _fields.Unit, _fields.BaseSum + sum)
                : Names.Misfit("metric", name, Limits.NameBytes);
        }

        _readings.SetTime(first, at);
        return problem;
    }
}
