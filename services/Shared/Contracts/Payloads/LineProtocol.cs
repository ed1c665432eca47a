using System.Text;

namespace Tally.Contracts.Payloads;

/// <summary>
/// Reads InfluxDB's line protocol: <c>measurement,tag=value field=1.5,other=2i 1465839830100400200</c>, one or more lines. Each number or
/// boolean is a reading with the metric <c>measurement.field</c>. The time's unit is told by its magnitude, since senders may choose it. Not
/// for several threads at once.
/// </summary>
public sealed class LineProtocol
{
    private readonly byte[] _metric = new byte[Limits.NameBytes + 1];
    private byte[] _name = [];
    private DecodeSettings _settings = DecodeSettings.Usual;
    private DecodedReadings _readings = new();

    /// <summary>Reads one payload.</summary>
    /// <param name="payload">The payload, without byte order mark.</param>
    /// <param name="settings">Which tag names the device.</param>
    /// <param name="readings">Gets what it says.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(ReadOnlySpan<byte> payload, DecodeSettings settings, DecodedReadings readings)
    {
        (_settings, _readings) = (settings, readings);
        if (_name.Length < payload.Length) _name = new byte[payload.Length];
        for (var number = 1; !payload.IsEmpty; number++)
        {
            // A line ends at a line feed that stands in no text.
            var line = payload[..EndOf(payload, '\n', text: true)];
            payload = payload[Math.Min(line.Length + 1, payload.Length)..];
            line = line.Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == '#') continue;
            if (ReadLine(line) is { } problem) return $"{problem}: line {number} of the line protocol";
        }

        return readings.Count > 0 ? null : "no field of the line protocol is a number";
    }

    private string? ReadLine(ReadOnlySpan<byte> line)
    {
        var key = line[..EndOf(line, ' ')];
        var rest = line[key.Length..].TrimStart((byte)' ');
        var fields = rest[..EndOf(rest, ' ', text: true)];
        var time = rest[fields.Length..].TrimStart((byte)' ');
        var measurement = key[..EndOf(key, ',')];
        if (measurement.IsEmpty || fields.IsEmpty) return "no measurement, or no field";
        if (ReadTags(key[measurement.Length..], out var device, out var tags) is { } untagged) return untagged;

        var first = _readings.Count;
        var prefix = Unescape(measurement, _metric);
        if (prefix < 0) return $"a metric is longer than {Limits.NameBytes} bytes";
        while (!fields.IsEmpty)
        {
            var field = fields[..EndOf(fields, ',', text: true)];
            fields = fields[Math.Min(field.Length + 1, fields.Length)..];
            if (ReadField(field, device, prefix) is { } misread) return misread;
        }

        if (_readings.FindRepeated(first) >= 0) return "a field is there twice";
        long? at = null;
        if (!time.IsEmpty)
        {
            if (ReadingTime.ReadNumber(time, out var told) is { } problem) return problem;
            at = told;
        }

        _readings.SetTime(first, at);
        _readings.SetTags(first, tags);
        return null;
    }

    private string? ReadTags(ReadOnlySpan<byte> list, out ReadOnlySpan<byte> device, out int tags)
    {
        device = default;
        tags = 0;
        while (!list.IsEmpty)
        {
            list = list[1..]; // the comma
            var tag = list[..EndOf(list, ',')];
            list = list[tag.Length..];
            var end = EndOf(tag, '=');
            if (end == 0 || end >= tag.Length - 1) return "a tag is not key=value";
            if (_settings.DeviceTag is not null && tag[..end].SequenceEqual(Encoding.UTF8.GetBytes(_settings.DeviceTag)))
            {
                device = _name.AsSpan(0, Unescape(tag[(end + 1)..], _name));
                continue;
            }

            // Their order means nothing, so neither may it here.
            var hash = default(HashCode);
            hash.AddBytes(tag);
            tags += hash.ToHashCode();
        }

        return _settings.DeviceTag is not null && device.IsEmpty ? $"the tag that names the device is missing: {_settings.DeviceTag}" : null;
    }

    private string? ReadField(ReadOnlySpan<byte> field, ReadOnlySpan<byte> device, int prefix)
    {
        var end = EndOf(field, '=');
        if (end == 0 || end >= field.Length - 1) return "a field is not key=value";
        _metric[prefix] = (byte)'.';
        var length = prefix + 1 >= _metric.Length ? -1 : Unescape(field[..end], _metric.AsSpan(prefix + 1));
        if (length < 0) return $"a metric is longer than {Limits.NameBytes} bytes";

        ReadOnlySpan<byte> metric = _metric.AsSpan(0, prefix + 1 + length);
        var value = field[(end + 1)..];
        if (value[0] == '"')
        {
            if (value.Length < 2 || value[^1] != '"') return "a text has no end";
            _readings.Ignore(metric);
            return null;
        }

        if (Truth(value) is { } truth) return _readings.Add(device, metric, default, truth);
        var digits = value[^1] is (byte)'i' or (byte)'u' ? value[..^1] : value;
        if (digits.IsEmpty || digits[^1] is not (>= (byte)'0' and <= (byte)'9' or (byte)'.') || !Numbers.TryRead(digits, out var number, out var exact))
            return $"no number, boolean or text, or one out of the range of a double: {Names.Quote(value)}";
        return _readings.Add(device, metric, default, number, exact);
    }

    private static double? Truth(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("t"u8) || value.SequenceEqual("T"u8) || value.SequenceEqual("true"u8) || value.SequenceEqual("True"u8) || value.SequenceEqual("TRUE"u8) ? 1
        : value.SequenceEqual("f"u8) || value.SequenceEqual("F"u8) || value.SequenceEqual("false"u8) || value.SequenceEqual("False"u8) || value.SequenceEqual("FALSE"u8) ? 0
        : null;

    /// <summary>Where a part ends: at the character that is not behind a backslash, and not within a text in quotes where there may be one.</summary>
    private static int EndOf(ReadOnlySpan<byte> from, char end, bool text = false)
    {
        var quoted = false;
        for (var i = 0; i < from.Length; i++)
        {
            if (from[i] == '\\') i++;
            else if (text && from[i] == '"') quoted = !quoted;
            else if (!quoted && from[i] == end) return i;
        }

        return from.Length;
    }

    /// <summary>Copies a name without the backslashes before comma, equals sign and blank.</summary>
    /// <returns>Bytes copied; -1 when there is no room.</returns>
    private static int Unescape(ReadOnlySpan<byte> name, Span<byte> room)
    {
        var length = 0;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '\\' && i + 1 < name.Length && name[i + 1] is (byte)',' or (byte)'=' or (byte)' ') i++;
            if (length == room.Length) return -1;
            room[length++] = name[i];
        }

        return length;
    }
}
