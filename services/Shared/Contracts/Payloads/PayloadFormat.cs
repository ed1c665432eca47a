namespace Tally.Contracts.Payloads;

/// <summary>The formats of a payload.</summary>
public enum PayloadFormat : byte
{
    /// <summary>Each payload says itself what it is, by its MQTT content type or its first characters.</summary>
    Auto,

    /// <summary>As <see cref="Auto"/>; an object with a run or a seq is Tally's own reading (<see cref="NativeReadingReader"/>), complete or rejected.</summary>
    Native,

    /// <summary>JSON objects, and arrays of them: <see cref="JsonReadings"/>.</summary>
    Json,

    /// <summary>SenML JSON (RFC 8428): <see cref="SenMlReader"/>.</summary>
    SenMl,

    /// <summary>InfluxDB's line protocol: <see cref="Payloads.LineProtocol"/>.</summary>
    LineProtocol,

    /// <summary>Plain text with a number in it: <see cref="PlainText"/>.</summary>
    Text,
}

/// <summary>Tells the formats apart.</summary>
public static class PayloadFormats
{
    /// <summary>
    /// The format of a payload: the source's, where it names one; else what the MQTT content type says (a MIME type, RFC 2045, 5.1; parameters
    /// and case do not matter), and where that is none that Tally knows, the first character: <c>{</c> is JSON, <c>[</c> is SenML or JSON,
    /// anything else text. Line protocol looks like text, so only a source can name it.
    /// </summary>
    /// <param name="source">What the source says.</param>
    /// <param name="contentType">Content Type of the message (MQTT 5, 3.3.2.3.9); null when absent.</param>
    /// <param name="payload">The payload, without a byte order mark.</param>
    public static PayloadFormat Of(PayloadFormat source, string? contentType, ReadOnlySpan<byte> payload)
    {
        if (source > PayloadFormat.Native) return source;
        if (contentType is not null)
        {
            var parameters = contentType.IndexOf(';', StringComparison.Ordinal);
            var type = contentType.AsSpan(0, parameters < 0 ? contentType.Length : parameters).Trim(" \t");
            if (type.Equals("text/plain", StringComparison.OrdinalIgnoreCase)) return PayloadFormat.Text;
            if (type.Equals("application/senml+json", StringComparison.OrdinalIgnoreCase)) return PayloadFormat.SenMl;
        }

        var start = payload.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? PayloadFormat.Text : payload[start] switch
        {
            (byte)'{' => PayloadFormat.Json,
            (byte)'[' => SenMlReader.IsPack(payload) ? PayloadFormat.SenMl : PayloadFormat.Json,
            _ => PayloadFormat.Text,
        };
    }

    /// <summary>The payload without UTF-8's byte order mark, which no JSON reader takes, and without a zero behind it, which C programs send.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> payload) =>
        (payload.StartsWith("\uFEFF"u8) ? payload["\uFEFF"u8.Length..] : payload).TrimEnd((byte)0);
}
