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
    private string? _valueText;
    private bool _hasBase;
    private bool _hasOwn;
    private int _records;

    /// <summary>bn, where the record has a name of its own to follow it; else empty.</summary>
    public ReadOnlySpan<byte> BaseName => _nameLength > 0 ? _baseName.AsSpan(0, _baseNameLength) : default;

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

    /// <summary>bs.</summary>
    public double BaseSum { get; private set; }

    /// <summary>v; null when the record has none.</summary>
    public double? Value { get; private set; }

    /// <summary>v as it was written, where a double does not hold it; else null.</summary>
    public string? ValueText => BaseValue == 0 ? _valueText : null;

    /// <summary>vb, as 1 or 0; null when the record has none.</summary>
    public double? Truth { get; private set; }

    /// <summary>s; null when the record has none.</summary>
    public double? Sum { get; private set; }

    /// <summary>The record has a text (vs) or data (vd).</summary>
    public bool HasText { get; private set; }

    /// <summary>The record only says what holds for those after it.</summary>
    public bool HasOnlyBaseFields => _hasBase && !_hasOwn;

    /// <summary>Forgets the pack before.</summary>
    public void BeginPack()
    {
        (_baseNameLength, _baseUnitLength, _records) = (0, 0, 0);
        (BaseTime, BaseValue, BaseSum, Version) = (0, 0, 0, 10);
    }

    /// <summary>Reads one record, up to its closing brace.</summary>
    /// <returns>Null, or why the pack cannot be stored.</returns>
    public string? Read(ref Utf8JsonReader json)
    {
        _records++;
        (_nameLength, _unitLength, _valueText) = (0, 0, null);
        (Time, Value, Truth, Sum, HasText, _hasBase, _hasOwn) = (0, null, null, null, false, false, false);
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
                problem = ReadNumber(ref json, "v", out number, out _valueText);
                Value = number;
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
            case Field.Truth:
                json.Read();
                if (json.TokenType is not (JsonTokenType.True or JsonTokenType.False)) return "vb is no boolean";
                Truth = json.TokenType == JsonTokenType.True ? 1 : 0;
                return null;
            case Field.Sum:
                problem = ReadNumber(ref json, "s", out number);
                Sum = number;
                break;
            case Field.BaseSum:
                problem = ReadNumber(ref json, "bs", out number);
                BaseSum = number;
                break;
            case Field.Text:
                json.Read();
                HasText = true;
                return null;
            case Field.Mandatory:
                return "a label that ends with _ has to be understood, and is not (RFC 8428, 4.4)";
            default:
                json.Read();
                problem = null;
                break;
        }

        return problem;
    }

    /// <summary>Whether the property name that was read is a label of SenML (12.2).</summary>
    public static bool IsLabel(ref Utf8JsonReader json) => FieldOf(json.ValueSpan) is not Field.Unknown || json.ValueSpan.SequenceEqual("ut"u8);

    private Field FieldOf(ref Utf8JsonReader json)
    {
        if (!JsonText.TryCopy(ref json, _room, out var length)) return Field.Unknown;
        var field = FieldOf(_room.AsSpan(0, length));
        _hasOwn |= field is Field.Name or Field.Unit or Field.Value or Field.Truth or Field.Text or Field.Time or Field.Sum;
        _hasBase |= field is >= Field.BaseName and <= Field.BaseSum;
        return field;
    }

    private static Field FieldOf(ReadOnlySpan<byte> label) =>
        label switch
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
            [(byte)'v', (byte)'b'] => Field.Truth,
            [(byte)'v', (byte)'s' or (byte)'d'] => Field.Text,
            [.., (byte)'_'] => Field.Mandatory,
            _ => Field.Unknown,
        };

    private string? CheckVersion(double version)
    {
        if (version < 1 || version != Math.Floor(version)) return "bver is not a positive whole number";
        return _records > 1 && version != Version ? "bver differs from the records before (RFC 8428, 4.4)" : null;
    }

    private static string? ReadNumber(ref Utf8JsonReader json, string label, out double number) => ReadNumber(ref json, label, out number, out _);

    private static string? ReadNumber(ref Utf8JsonReader json, string label, out double number, out string? exact)
    {
        (number, exact) = (0, null);
        json.Read();
        return json.TokenType == JsonTokenType.Number && Numbers.TryRead(json.ValueSpan, out number, out exact)
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
        Truth,
        Text,
        Mandatory,
    }
}
