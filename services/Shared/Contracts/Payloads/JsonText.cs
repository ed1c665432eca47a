using System.Text.Json;

namespace Tally.Contracts.Payloads;

/// <summary>Texts in JSON, without making strings of them.</summary>
internal static class JsonText
{
    /// <summary>Bytes that one byte of a text can take in JSON (\u0041).</summary>
    public const int MostEscaped = 6;

    /// <summary>Copies the text of a JSON string or property name, without its escapes.</summary>
    /// <param name="json">Stands on it.</param>
    /// <param name="room">Where to; <see cref="MostEscaped"/> times the limit of the text, because what is longer in the payload is not looked at.</param>
    /// <param name="length">Bytes copied. Their UTF-8 is not checked.</param>
    /// <returns>False when it is no string, longer than <paramref name="room"/>, or an escape is half of a surrogate pair.</returns>
    public static bool TryCopy(ref Utf8JsonReader json, scoped Span<byte> room, out int length)
    {
        length = 0;
        if (json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || json.ValueSpan.Length > room.Length) return false;
        if (!json.ValueIsEscaped)
        {
            json.ValueSpan.CopyTo(room);
            length = json.ValueSpan.Length;
            return true;
        }

        try
        {
            length = json.CopyString(room);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // half of a surrogate pair, or no UTF-8: the platform's reader has no other way to say so
        }
    }

    /// <summary>Why a payload is no JSON.</summary>
    /// <param name="json">The reader, where it gave up.</param>
    /// <param name="error">What it said.</param>
    public static string Misread(Utf8JsonReader json, JsonException error) => json.CurrentDepth >= JsonReadings.MaxDepth
        ? $"JSON nested too deep: more than {JsonReadings.MaxDepth} levels"
        : $"not JSON: line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}";
}
