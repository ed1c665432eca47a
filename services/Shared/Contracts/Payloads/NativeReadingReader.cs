using System.Text.Json;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads the native payload: <c>{"run":"r1","seq":1,"at":"2026-11-20T09:00:00.000Z","value":23.51,"unit":"Cel"}</c>.
/// Properties in any order; unknown ones are passed over; only <c>value</c> has to be there. Nothing is allocated for a payload that is in order. Not for several threads at once.
/// </summary>
public sealed class NativeReadingReader
{
    /// <summary>"2026-11-20T09:00:00.000000000+01:00" and some digits more.</summary>
    private const int TimeBytes = 64;

    private readonly byte[] _run = new byte[Limits.RunBytes * JsonText.MostEscaped];
    private readonly byte[] _unit = new byte[Limits.UnitBytes * JsonText.MostEscaped];
    private readonly byte[] _at = new byte[TimeBytes];

    [Flags]
    private enum Seen
    {
        Nothing = 0,
        Run = 1,
        Seq = 2,
        At = 4,
        Value = 8,
        Unit = 16,
    }

    private int _runLength;
    private int _unitLength;
    private long _seq;
    private long? _time;
    private double _value;
    private string? _text;

    /// <summary>Reads a payload that is laid out as <see cref="NativeReadingWriter"/> writes it, as nearly all are.</summary>
    /// <returns>False: it is laid out differently, and is for <see cref="Read"/>.</returns>
    public static bool TryReadLayout(ReadOnlySpan<byte> payload, out NativeReading reading)
    {
        if (!new NativeLayout(payload).TryRead(out var run, out var seq, out var at, out var value, out var unit))
        {
            reading = default;
            return false;
        }

        reading = new NativeReading { Run = run, Seq = seq, At = at, Value = value, Unit = unit };
        return true;
    }

    /// <summary>Reads one payload of any layout.</summary>
    /// <param name="payload">The payload, without byte order mark.</param>
    /// <param name="reading">What it says; after a failure its identity, where that could be read.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(ReadOnlySpan<byte> payload, out NativeReading reading)
    {
        (_runLength, _unitLength, _seq, _time, _value, _text) = (0, 0, 0, null, 0, null);
        var problem = ReadJson(payload);
        reading = new NativeReading
        {
            Run = _run.AsSpan(0, _runLength),
            Seq = _seq,
            At = _time,
            Value = _value,
            Text = _text,
            Unit = _unit.AsSpan(0, _unitLength),
        };
        return problem;
    }

    private string? ReadJson(ReadOnlySpan<byte> payload)
    {
        var json = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = JsonReadings.MaxDepth });
        try
        {
            json.Read();
            return json.TokenType == JsonTokenType.StartObject ? ReadObject(ref json) : "a native reading is a JSON object";
        }
        catch (JsonException error)
        {
            // The platform's reader has no other way to say so.
            return JsonText.Misread(json, error);
        }
        catch (InvalidOperationException)
        {
            return "a property's name is no text: half of a surrogate pair"; // the same
        }
    }

    private string? ReadObject(ref Utf8JsonReader json)
    {
        var seen = Seen.Nothing;
        var seq = 0L;
        string? problem = null; // the first one; reading goes on, because the identity may stand behind it
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            _seq = seq; // only now: the digits of a payload that was cut off may be the beginning of another number
            var property = PropertyOf(ref json);
            var again = (seen & property) != 0;
            seen |= property;
            json.Read();
            var found = property switch
            {
                Seen.Run => ReadRun(ref json),
                Seen.Seq => ReadSeq(ref json, out seq),
                Seen.At => ReadAt(ref json),
                Seen.Value => ReadValue(ref json),
                Seen.Unit => ReadUnit(ref json),
                _ => null,
            };
            if (again)
            {
                found = "a property is there twice";
                (_runLength, seq) = (0, 0); // which of the two is meant, nobody knows
            }

            problem ??= found;
            json.Skip();
        }

        _seq = seq;
        json.Read(); // text behind the object is an error
        return problem ?? Missing(seen);
    }

    private static Seen PropertyOf(ref Utf8JsonReader json)
    {
        if (json.ValueTextEquals("run"u8)) return Seen.Run;
        if (json.ValueTextEquals("seq"u8)) return Seen.Seq;
        if (json.ValueTextEquals("at"u8)) return Seen.At;
        if (json.ValueTextEquals("value"u8)) return Seen.Value;
        return json.ValueTextEquals("unit"u8) ? Seen.Unit : Seen.Nothing;
    }

    private static string? Missing(Seen seen)
    {
        if ((seen & Seen.Value) == 0) return "value is missing";
        return (seen & (Seen.Run | Seen.Seq)) switch
        {
            Seen.Run => "run is there, but seq is missing",
            Seen.Seq => "seq is there, but run is missing",
            _ => null,
        };
    }

    private string? ReadRun(ref Utf8JsonReader json)
    {
        _runLength = 0;
        if (!JsonText.TryCopy(ref json, _run, out var length) || !Names.IsRun(_run.AsSpan(0, length)))
            return "run is not 1 to 64 of A-Z a-z 0-9 . _ - (and not the reserved 0)";
        _runLength = length;
        return null;
    }

    private static string? ReadSeq(ref Utf8JsonReader json, out long seq)
    {
        seq = 0;
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number) && number > 0)
        {
            seq = number;
            return null;
        }

        return "seq is not a whole number from 1 to 9223372036854775807";
    }

    private string? ReadAt(ref Utf8JsonReader json)
    {
        if (!JsonText.TryCopy(ref json, _at, out var length) || !Iso8601.TryRead(_at.AsSpan(0, length), out var time))
            return "at is not a time like 2026-11-20T09:00:00.000Z of the years 1 to 9999";
        _time = time;
        return null;
    }

    private string? ReadValue(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.Number) return "value is not a number";
        return Numbers.TryRead(json.ValueSpan, out _value, out _text) ? null : "value is out of the range of a double";
    }

    private string? ReadUnit(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.Null) return null;
        if (!JsonText.TryCopy(ref json, _unit, out var length) || !Names.Fits(_unit.AsSpan(0, length), Limits.UnitBytes))
            return "unit is not a text of at most 32 bytes of UTF-8 without NUL";
        _unitLength = length;
        return null;
    }
}
