using System.Text;

namespace Tally.Storage;

/// <summary>Text that PostgreSQL takes, made from whatever came.</summary>
internal static class StoreText
{
    /// <summary>Text of bytes that should be UTF-8; what is not, and NUL, becomes U+FFFD.</summary>
    public static string From(ReadOnlySpan<byte> utf8) => Clean(Encoding.UTF8.GetString(utf8));

    /// <summary>NUL becomes U+FFFD: PostgreSQL has no way to hold it.</summary>
    public static string Clean(string? text) => text is null ? "" : text.Replace('\0', '\uFFFD');

    /// <summary>The same, cut to what an index row holds.</summary>
    public static string Clean(string? text, int bytes)
    {
        var clean = Clean(text);
        if (Encoding.UTF8.GetByteCount(clean) <= bytes) return clean;
        var length = 0;
        var kept = 0;
        foreach (var rune in clean.EnumerateRunes())
        {
            if ((kept += rune.Utf8SequenceLength) > bytes) break;
            length += rune.Utf16SequenceLength;
        }

        return clean[..length];
    }

    /// <summary>Why bytes cannot be a name in the store, or null where they can.</summary>
    public static string? RefuseName(string what, ReadOnlySpan<byte> utf8, int limit) =>
        utf8.Length > limit ? $"its {what} has {utf8.Length} bytes, the store holds {limit}"
        : utf8.Contains((byte)0) ? $"its {what} contains NUL"
        : !System.Text.Unicode.Utf8.IsValid(utf8) ? $"its {what} is not UTF-8"
        : null;
}
