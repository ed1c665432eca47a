using System.Text.Json;

namespace Tally.Contracts.Payloads;

/// <summary>The fields of one SenML record, and the base fields that hold until another record changes them (RFC 8428, 4.1 to 4.3).</summary>
internal sealed class SenMlFields
{
    /// <summary>Base names are URNs and URLs (4.1), longer than a metric's name.</summary>
    private const int NameBytes = 512;

    private readonly byte[] _room = new byte[NameBytes * JsonText.MostEscaped];
    private readonly byte[] _baseName = new byte[NameBytes];
    private readonly byte[] _name = new byte[NameBytes];
    private readonly byte[] _resolved = new byte[NameBytes * 2];
    private readonly byte[] _baseUnit = new byte[Limits.UnitBytes];
    private readonly byte[] _unit = new byte[Limits.UnitBytes];
    private int _baseNameLength;
    private int _nameLength;
    private int _baseUnitLength;
    private int _unitLength;
    private bool _hasBase;
    private bool _hasOwn;
    private int _records;

    /// <summary>bn + n.</summary>
    public ReadOnlySpan<byte> Name => _resolved.AsSpan(0, _baseNameLength + _nameLength);

    /// <summary>u, or bu where the record has none.</summary>
    public ReadOnlySpan<byte> Unit => _unitLength > 0 ? _unit.AsSpan(0, _unitLength) : _baseUnit.AsSpan(0, _baseUnitLength);

    /// <summary>bver; 10 when the pack does not say (4.4).</summary>
    public double Version { get; private set; }

    /// <summary>bt, in seconds.</summary>
    public double BaseTime { get; private set; }

    /// <summary>t, in seconds.</summary>
    public double Time { get; private set; }

    /// <summary>bv.</summary>
    public double BaseValue { get; private set; }

    /// <summary>v.</summary>
    public double Value { get; private set; }

    /// <summary>The record has a v.</summary>
    public bool HasValue { get; private set; }

    /// <summary>The record only says what holds for those after it.</summary>
    public bool HasOnlyBaseFields => _hasBase && !_hasOwn;

    /// <summary>Forgets the pack before.</summary>
    public void BeginPack()
    {
        (_baseNameLength, _baseUnitLength, _records) = (0, 0, 0);
        (BaseTime, BaseValue, Version) = (0, 0, 10);
    }

    /// <summary>Reads one record, up to its closing brace.</summary>
    /// <returns>Null, or why the pack cannot be stored.</returns>
    public string? Read(ref Utf8JsonReader json)
    {
        _records++;
        (_nameLength, _unitLength) = (0, 0);
        (Time, Value, HasValue, _hasBase, _hasOwn) = (0, 0, false, false, false);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (ReadField(ref json) is { } problem) return problem;
            json.Skip();
        }

        _baseName.AsSpan(0, _baseNameLength).CopyTo(_resolved);
        _name.AsSpan(0, _nameLength).CopyTo(_resolved.AsSpan(_baseNameLength));
        return null;
    }

    private string? ReadField(ref Utf8JsonReader json)
    {
        string? problem;
        double number;
        switch (FieldOf(ref json))
        {
            case Field.Name:
                problem = ReadText(ref json, "n", _name, out _nameLength);
                break;
            case Field.Unit:
                problem = ReadText(ref json, "u", _unit, out _unitLength);
                break;
            case Field.Value:
                problem = ReadNumber(ref json, "v", out number);
                (Value, HasValue) = (number, true);
                break;
            case Field.Time:
                problem = ReadNumber(ref json, "t", out number);
                Time = number;
                break;
            case Field.BaseName:
                problem = ReadText(ref json, "bn", _baseName, out _baseNameLength);
                break;
            case Field.BaseUnit:
                problem = ReadText(ref json, "bu", _baseUnit, out _baseUnitLength);
                break;
            case Field.BaseValue:
                problem = ReadNumber(ref json, "bv", out number);
                BaseValue = number;
                break;
            case Field.BaseTime:
                problem = ReadNumber(ref json, "bt", out number);
                BaseTime = number;
                break;
            case Field.BaseVersion:
                problem = ReadNumber(ref json, "bver", out number) ?? CheckVersion(number);
                Version = number;
                break;
            case Field.OtherValue:
                return "only numeric values (v) are stored, not vs, vb or vd";
            case Field.Mandatory:
                return "a label that ends with _ has to be understood, and is not (RFC 8428, 4.4)";
            default:
                json.Read();
                problem = null;
                break;
        }

        return problem;
    }

    private Field FieldOf(ref Utf8JsonReader json)
    {
        if (!JsonText.TryCopy(ref json, _room, out var length)) return Field.Unknown;
        var field = _room.AsSpan(0, length) switch
        {
            [(byte)'n'] => Field.Name,
            [(byte)'u'] => Field.Unit,
            [(byte)'v'] => Field.Value,
            [(byte)'t'] => Field.Time,
            [(byte)'s'] => Field.Sum,
            [(byte)'b', (byte)'n'] => Field.BaseName,
            [(byte)'b', (byte)'u'] => Field.BaseUnit,
            [(byte)'b', (byte)'v'] => Field.BaseValue,
            [(byte)'b', (byte)'t'] => Field.BaseTime,
            [(byte)'b', (byte)'v', (byte)'e', (byte)'r'] => Field.BaseVersion,
            [(byte)'b', (byte)'s'] => Field.BaseSum,
            [(byte)'v', (byte)'s' or (byte)'b' or (byte)'d'] => Field.OtherValue,
            [.., (byte)'_'] => Field.Mandatory,
            _ => Field.Unknown,
        };
        _hasOwn |= field is Field.Name or Field.Unit or Field.Value or Field.Time or Field.Sum;
        _hasBase |= field is >= Field.BaseName and <= Field.BaseSum;
        return field;
    }

    private string? CheckVersion(double version)
    {
        if (version < 1 || version != Math.Floor(version)) return "bver is not a positive whole number";
        return _records > 1 && version != Version ? "bver differs from the records before (RFC 8428, 4.4)" : null;
    }

    private static string? ReadNumber(ref Utf8JsonReader json, string label, out double number)
    {
        number = 0;
        json.Read();
        return json.TokenType == JsonTokenType.Number && json.TryGetDouble(out number) && double.IsFinite(number)
            ? null
            : $"{label} is not a number in the range of a double";
    }

    private string? ReadText(ref Utf8JsonReader json, string label, byte[] to, out int length)
    {
        length = 0;
        json.Read();
        if (!JsonText.TryCopy(ref json, _room, out var copied) || !Names.Fits(_room.AsSpan(0, copied), to.Length))
            return $"{label} is not a text of at most {to.Length} bytes of UTF-8 without NUL";
        _room.AsSpan(0, copied).CopyTo(to);
        length = copied;
        return null;
    }

    private enum Field
    {
        Unknown,
        Name,
        Unit,
        Value,
        Time,
        Sum,
        BaseName,
        BaseUnit,
        BaseValue,
        BaseTime,
        BaseVersion,
        BaseSum,
        OtherValue,
        Mandatory,
    }
}
