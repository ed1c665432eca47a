namespace Tally.Contracts.Payloads;

/// <summary>The formats of a reading's payload.</summary>
public enum PayloadFormat : byte
{
    /// <summary>Tally's own JSON: <see cref="NativeReadingReader"/>.</summary>
    Native,

    /// <summary>SenML JSON (RFC 8428): <see cref="SenMlReader"/>.</summary>
    SenMl,

    /// <summary>Plain text with a number in it: <see cref="PlainText"/>.</summary>
    Text,
}

/// <summary>Tells the formats apart.</summary>
public static class PayloadFormats
{
    /// <summary>
    /// The format that the MQTT content type names (a MIME type, RFC 2045, 5.1; parameters and case do not matter); where
    /// there is none that Tally knows, the first byte decides: <c>{</c> native, <c>[</c> SenML, anything else text.
    /// </summary>
    /// <param name="contentType">Content Type of the message (MQTT 5, 3.3.2.3.9); null when absent.</param>
    /// <param name="payload">The payload, without a byte order mark.</param>
    public static PayloadFormat Of(string? contentType, ReadOnlySpan<byte> payload)
    {
        if (contentType is null) return ByFirstByte(payload);

        var parameters = contentType.IndexOf(';', StringComparison.Ordinal);
        var type = contentType.AsSpan(0, parameters < 0 ? contentType.Length : parameters).Trim(" \t");
        if (type.Equals("text/plain", StringComparison.OrdinalIgnoreCase)) return PayloadFormat.Text;
        if (type.Equals("application/senml+json", StringComparison.OrdinalIgnoreCase)) return PayloadFormat.SenMl;

        // SenML is JSON too, and many publishers know only this name for it.
        if (type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return ByFirstByte(payload) == PayloadFormat.SenMl ? PayloadFormat.SenMl : PayloadFormat.Native;

        return ByFirstByte(payload);
    }

    /// <summary>The payload without UTF-8's byte order mark, which no JSON reader takes.</summary>
    public static ReadOnlySpan<byte> WithoutByteOrderMark(ReadOnlySpan<byte> payload) =>
        payload.StartsWith("\uFEFF"u8) ? payload["\uFEFF"u8.Length..] : payload;

    private static PayloadFormat ByFirstByte(ReadOnlySpan<byte> payload)
    {
        var start = payload.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? PayloadFormat.Text : payload[start] switch
        {
            (byte)'{' => PayloadFormat.Native,
            (byte)'[' => PayloadFormat.SenMl,
            _ => PayloadFormat.Text,
        };
    }
}
