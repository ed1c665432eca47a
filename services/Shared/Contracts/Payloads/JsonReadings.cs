using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads JSON objects, and arrays of them: each leaf that is a number, a boolean or a text that is a number is a reading of its own, named by
/// its path. <c>{"ts":…,"values":{…}}</c> is read as what it means. Not for several threads at once.
/// </summary>
public sealed class JsonReadings
{
    /// <summary>Devices nest three or four objects; a thousand are an attack.</summary>
    public const int MaxDepth = 32;

    private static readonly string[] TimeNames = ["at", "ts", "time", "timestamp"]; // the first that is there counts

    private readonly byte[] _path = new byte[Limits.NameBytes + 1];
    private readonly byte[] _text = new byte[Limits.NameBytes * JsonText.MostEscaped];
    private readonly byte[] _unit = new byte[Limits.UnitBytes];
    private readonly Frame[] _frames = new Frame[MaxDepth + 1];
    private DecodeSettings _settings = DecodeSettings.Usual;
    private DecodedReadings _readings = new();
    private int _pathLength;
    private int _unitLength;
    private int _timeRank;
    private long? _time;
    private string? _timeProblem;
    private bool _hasRun;
    private bool _hasSeq;

    /// <summary>The object read last names a run and a seq at its top: it is a native reading.</summary>
    public bool IsNative => _hasRun && _hasSeq;

    /// <summary>The object read last names a run or a seq at its top.</summary>
    public bool IsHalfNative => _hasRun || _hasSeq;

    /// <summary>Reads one payload.</summary>
    /// <param name="payload">The payload, without byte order mark.</param>
    /// <param name="settings">Where its time stands.</param>
    /// <param name="readings">Gets what it says; metric <c>value</c> is the topic's own.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(ReadOnlySpan<byte> payload, DecodeSettings settings, DecodedReadings readings)
    {
        (_settings, _readings, _hasRun, _hasSeq) = (settings, readings, false, false);
        var json = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            json.Read();
            var problem = json.TokenType == JsonTokenType.StartArray ? ReadArray(ref json)
                : json.TokenType == JsonTokenType.StartObject ? ReadElement(ref json)
                : "neither a JSON object nor an array of them";
            if (problem is not null) return problem;
            json.Read(); // text behind it is an error
            return readings.Count > 0 ? null : "no reading in it: no number, no boolean, no text that is a number";
        }
        catch (JsonException error)
        {
            // The platform's reader has no other way to say so.
            return JsonText.Misread(json, error);
        }
    }

    private string? ReadArray(ref Utf8JsonReader json)
    {
        for (var number = 1; json.Read() && json.TokenType != JsonTokenType.EndArray; number++)
        {
            if (json.TokenType != JsonTokenType.StartObject) return $"a JSON array of other things than objects: element {number}";
            if (ReadElement(ref json) is { } problem) return problem;
        }

        (_hasRun, _hasSeq) = (false, false);
        return null;
    }

    /// <summary>Reads one object, up to its closing brace.</summary>
    private string? ReadElement(ref Utf8JsonReader json)
    {
        (_unitLength, _timeRank, _time, _timeProblem) = (0, int.MaxValue, null, null);
        var first = _readings.Count;
        var depth = 0;
        _frames[0] = new Frame(0, -1);
        while (depth >= 0)
        {
            json.Read();
            if (json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                depth--;
                continue;
            }

            _pathLength = _frames[depth].PathLength;
            if ((json.TokenType == JsonTokenType.PropertyName ? AppendName(ref json) : AppendIndex(ref _frames[depth])) is { } misnamed) return misnamed;
            if (json.TokenType == JsonTokenType.PropertyName) json.Read();
            if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                _frames[++depth] = new Frame(_pathLength, json.TokenType == JsonTokenType.StartArray ? 0 : -1);
            else if (ReadLeaf(ref json, depth) is { } problem)
                return problem;
        }

        if (_timeProblem is not null) return _timeProblem;
        if (_timeRank != int.MaxValue) _readings.CutPrefix(first, "values."u8);
        if (_unitLength > 0 && !_readings.TrySetUnit(first, "value"u8, _unit.AsSpan(0, _unitLength))) _readings.Ignore("unit"u8);
        if (_readings.FindRepeated(first) is >= 0 and var repeated) return $"a property is there twice: {Encoding.UTF8.GetString(_readings[repeated].Metric)}";
        _readings.SetTime(first, _time);
        return null;
    }

    private string? AppendName(ref Utf8JsonReader json)
    {
        if (!JsonText.TryCopy(ref json, _text, out var length)) return "a property's name is too long, or no text: half of a surrogate pair";
        return length == 0 ? "a property has no name" : Append(_text.AsSpan(0, length));
    }

    private string? AppendIndex(ref Frame frame)
    {
        Span<byte> digits = stackalloc byte[10];
        frame.Index.TryFormat(digits, out var length);
        frame.Index++;
        return Append(digits[..length]);
    }

    private string? Append(ReadOnlySpan<byte> name)
    {
        if (_pathLength + 1 + name.Length > _path.Length) return $"a path is longer than {Limits.NameBytes} bytes: {Names.Quote(name)}";
        if (_pathLength > 0) _path[_pathLength++] = (byte)'.';
        name.CopyTo(_path.AsSpan(_pathLength));
        _pathLength += name.Length;
        return null;
    }

    private string? ReadLeaf(ref Utf8JsonReader json, int depth)
    {
        ReadOnlySpan<byte> path = _path.AsSpan(0, _pathLength);
        if (depth == 0 && path.SequenceEqual("run"u8)) _hasRun |= json.TokenType == JsonTokenType.String;
        if (depth == 0 && path.SequenceEqual("seq"u8)) _hasSeq |= json.TokenType == JsonTokenType.Number;
        if (json.TokenType is JsonTokenType.Number or JsonTokenType.String && TimeRank(path, depth) is >= 0 and var rank)
        {
            ReadTime(ref json, rank);
            return null;
        }

        switch (json.TokenType)
        {
            case JsonTokenType.Number:
                return Numbers.TryRead(json.ValueSpan, out var number, out var exact)
                    ? _readings.Add(default, path, default, number, exact)
                    : $"out of the range of a double: {Encoding.UTF8.GetString(path)}";
            case JsonTokenType.True:
            case JsonTokenType.False:
                return _readings.Add(default, path, default, json.TokenType == JsonTokenType.True ? 1 : 0);
            case JsonTokenType.String:
                return ReadText(ref json, path, depth);
            default:
                return null; // null: nothing was measured
        }
    }

    /// <summary>0 for the configured time, 1 and more for the usual names at the top; -1: it is no time.</summary>
    private int TimeRank(ReadOnlySpan<byte> path, int depth)
    {
        if (_settings.TimePath is not null && Ascii.EqualsIgnoreCase(path, _settings.TimePath)) return 0;
        if (depth > 0 || path.Length > 9) return -1;
        for (var i = 0; i < TimeNames.Length; i++)
        {
            if (Ascii.EqualsIgnoreCase(path, TimeNames[i])) return i + 1;
        }

        return -1;
    }

    private void ReadTime(ref Utf8JsonReader json, int rank)
    {
        if (rank >= _timeRank) return;
        var at = 0L;
        _timeRank = rank;
        _timeProblem = json.TokenType == JsonTokenType.Number
            ? ReadingTime.ReadNumber(json.ValueSpan, out at)
            : JsonText.TryCopy(ref json, _text, out var length) ? ReadingTime.Read(_text.AsSpan(0, length), _settings.TimeZone, out at) : ReadingTime.NotUnderstood;
        _time = at;
    }

    private string? ReadText(ref Utf8JsonReader json, ReadOnlySpan<byte> path, int depth)
    {
        if (!JsonText.TryCopy(ref json, _text, out var length) || !Utf8.IsValid(_text.AsSpan(0, length)))
        {
            _readings.Ignore(path);
            return null;
        }

        ReadOnlySpan<byte> text = _text.AsSpan(0, length);
        if (depth == 0 && path.SequenceEqual("unit"u8)) return NoteUnit(text);
        if (!PlainText.TryReadBare(text, out var value, out var exact, out var problem))
        {
            _readings.Ignore(path);
            return null;
        }

        return problem is null ? _readings.Add(default, path, default, value, exact) : $"{problem}: {Encoding.UTF8.GetString(path)}";
    }

    private string? NoteUnit(ReadOnlySpan<byte> text)
    {
        var unit = Encoding.UTF8.GetBytes(Units.Normalize(Encoding.UTF8.GetString(text)));
        if (!Names.Fits(unit, Limits.UnitBytes)) return Names.Misfit("unit", unit, Limits.UnitBytes);
        unit.CopyTo(_unit, 0);
        _unitLength = unit.Length;
        return null;
    }

    /// <param name="PathLength">How much of the path was there before it.</param>
    /// <param name="Index">Of the next element; -1 in an object.</param>
    private record struct Frame(int PathLength, int Index);
}
