namespace Tally.Contracts.Payloads;

/// <summary>Reads payloads of every format but the native one, which has an identity. Not for several threads at once.</summary>
public sealed class PayloadDecoder
{
    private readonly JsonReadings _json = new();
    private readonly SenMlReader _senMl = new();
    private readonly LineProtocol _lines = new();

    /// <summary>Reads one payload: as readings, or as one reason why there are none.</summary>
    /// <param name="source">Format that the source names.</param>
    /// <param name="settings">What else it says.</param>
    /// <param name="contentType">Content Type of the message; null when absent.</param>
    /// <param name="payload">The payload (<see cref="PayloadFormats.Trim"/>).</param>
    /// <param name="now">Arrival, in microseconds since 1970: what relative times are relative to.</param>
    /// <param name="readings">Gets what it says; it is emptied before.</param>
    /// <param name="format">What it was read as; <see cref="PayloadFormat.Native"/>: it has an identity, so it is for <see cref="NativeReadingReader"/>.</param>
    /// <returns>Null, or why it cannot be stored.</returns>
    public string? Read(
        PayloadFormat source, DecodeSettings settings, string? contentType, ReadOnlySpan<byte> payload, long now, DecodedReadings readings, out PayloadFormat format)
    {
        readings.Clear();
        format = PayloadFormats.Of(source, contentType, payload);
        switch (format)
        {
            case PayloadFormat.Json:
                var problem = _json.Read(payload, settings, readings);
                if (source == PayloadFormat.Native ? _json.IsHalfNative : source == PayloadFormat.Auto && _json.IsNative) format = PayloadFormat.Native;
                return problem;
            case PayloadFormat.SenMl:
                return _senMl.Read(payload, now, readings);
            case PayloadFormat.LineProtocol:
                return _lines.Read(payload, settings, readings);
            default:
                return PlainText.Read(payload, settings, readings);
        }
    }
}
