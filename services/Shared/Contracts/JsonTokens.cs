using System.Text.Json;

namespace Tally.Contracts;

/// <summary>
/// Reading JSON token by token, so that whatever a stranger sends ends in a value or in <see cref="JsonException"/>:
/// <see cref="Utf8JsonReader"/> by itself also throws for escapes that are no characters, numbers that do not fit and
/// text that is no base64, each with an exception of its own.
/// </summary>
internal static class JsonTokens
{
    /// <summary>Goes to the next token, which has to be of that type.</summary>
    public static void Expect(ref Utf8JsonReader json, JsonTokenType expected)
    {
        if (!json.Read() || json.TokenType != expected) throw Unexpected(ref json, expected);
    }

    /// <summary>Goes to the next property of the object that is being read.</summary>
    /// <returns>False at its end.</returns>
    public static bool NextProperty(ref Utf8JsonReader json)
    {
        if (json.Read() && json.TokenType == JsonTokenType.PropertyName) return true;
        return json.TokenType == JsonTokenType.EndObject ? false : throw Unexpected(ref json, JsonTokenType.EndObject);
    }

    /// <summary>Goes to the next element of the array that is being read; all of them begin with that token.</summary>
    /// <returns>False at its end.</returns>
    public static bool NextElement(ref Utf8JsonReader json, JsonTokenType begin)
    {
        if (json.Read() && json.TokenType == begin) return true;
        return json.TokenType == JsonTokenType.EndArray ? false : throw Unexpected(ref json, begin);
    }

    /// <summary>After the last brace there is nothing more.</summary>
    public static void ExpectEnd(ref Utf8JsonReader json)
    {
        if (json.Read()) throw Unexpected(ref json, JsonTokenType.None);
    }

    /// <summary>Whether the name or string that was read is that text.</summary>
    public static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> text)
    {
        try
        {
            return json.ValueTextEquals(text);
        }
        catch (InvalidOperationException error)
        {
            throw NoText(ref json, error);
        }
    }

    /// <summary>Reads a string. Allocates only where it holds escapes.</summary>
    /// <param name="utf8">What the reader reads from.</param>
    /// <param name="json">The reader.</param>
    /// <returns>Its characters, UTF-8: a part of <paramref name="utf8"/>, or a copy with the escapes resolved.</returns>
    public static ReadOnlySpan<byte> ReadText(ReadOnlySpan<byte> utf8, scoped ref Utf8JsonReader json)
    {
        Expect(ref json, JsonTokenType.String);
        try
        {
            // Copying is what checks the text, and resolves its escapes; the check alone is done in place.
            if (!json.ValueIsEscaped && System.Text.Unicode.Utf8.IsValid(json.ValueSpan))
                return utf8.Slice((int)json.TokenStartIndex + 1, json.ValueSpan.Length);

            var text = new byte[json.ValueSpan.Length];
            return text.AsSpan(0, json.CopyString(text));
        }
        catch (InvalidOperationException error)
        {
            throw NoText(ref json, error);
        }
    }

    /// <summary>Reads a whole number of 64 bits.</summary>
    public static long ReadInt64(ref Utf8JsonReader json)
    {
        Expect(ref json, JsonTokenType.Number);
        return json.TryGetInt64(out var number) ? number : throw new JsonException($"At byte {json.TokenStartIndex} there is no whole number of 64 bits.");
    }

    private static JsonException NoText(ref Utf8JsonReader json, InvalidOperationException error) =>
        new($"At byte {json.TokenStartIndex} there is a string that is no valid text.", error);

    private static JsonException Unexpected(ref Utf8JsonReader json, JsonTokenType expected) =>
        new($"At byte {json.TokenStartIndex} there is {json.TokenType} where {expected} belongs.");
}
