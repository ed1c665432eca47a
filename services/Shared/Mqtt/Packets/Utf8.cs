using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>Checks of strings (1.5.4) and topics (4.7).</summary>
internal static class Utf8
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
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
        try
        {
            return text is null || (!text.Contains('\0') && Strict.GetByteCount(text) <= ushort.MaxValue);
        }
        catch (EncoderFallbackException)
        {
            return false; // a surrogate by itself
        }
    }

    /// <summary>Text, not empty, and its wildcards each fill a level, <c>#</c> only the last (4.7.1).</summary>
    public static bool IsTopicFilter(string filter)
    {
        var levels = filter.Split('/');
        return filter.Length > 0 && IsText(filter) && levels.All(level => level.Length == 1 || !level.AsSpan().ContainsAny('+', '#')) && !levels.SkipLast(1).Contains("#");
    }
}
