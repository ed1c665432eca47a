using System.Buffers;
using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>Checks of strings (1.5.4) and topics (4.7).</summary>
internal static class Utf8
{
    private static readonly SearchValues<byte> ForbiddenInTopicName = SearchValues.Create("\0+#"u8);
    private static readonly SearchValues<char> ForbiddenInTopicText = SearchValues.Create("\0+#");

    /// <summary>As bytes of UTF-8: not empty, well formed, free of U+0000 and wildcards.</summary>
    public static bool IsTopicName(ReadOnlySpan<byte> topic) =>
        topic.Length is > 0 and <= ushort.MaxValue && topic.IndexOfAny(ForbiddenInTopicName) < 0 && System.Text.Unicode.Utf8.IsValid(topic);

    /// <summary>The same of text.</summary>
    public static bool IsTopicName(string? topic) => !string.IsNullOrEmpty(topic) && !topic.AsSpan().ContainsAny(ForbiddenInTopicText) && IsText(topic);

    /// <summary>At most 65,535 bytes of UTF-8, well formed (which leaves surrogates out) and free of U+0000; or null.</summary>
    public static bool IsText(string? text)
    {
        if (text is null) return true;
        if (text.Length > ushort.MaxValue || text.Contains('\0')) return false;
        return Ascii.IsValid(text) || (Encoding.UTF8.GetByteCount(text) <= ushort.MaxValue && IsWellFormed(text));
    }

    /// <summary>Text, not empty, and its wildcards each fill a level, <c>#</c> only the last (4.7.1).</summary>
    public static bool IsTopicFilter(string filter)
    {
        if (filter.Length == 0 || !IsText(filter)) return false;
        for (var index = 0; index < filter.Length; index++)
        {
            if (filter[index] is not ('+' or '#')) continue;
            var opens = index == 0 || filter[index - 1] == '/';
            var closes = index == filter.Length - 1 || (filter[index] == '+' && filter[index + 1] == '/');
            if (!opens || !closes) return false;
        }

        return true;
    }

    private static bool IsWellFormed(string text)
    {
        for (var index = 0; index < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, index, out var rune)) return false;
            index += rune.Utf16SequenceLength;
        }

        return true;
    }
}
