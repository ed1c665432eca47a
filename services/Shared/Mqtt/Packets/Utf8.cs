using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>Checks of UTF-8 encoded strings (1.5.4) and topics (4.7).</summary>
internal static class Utf8
{
    private static readonly SearchValues<byte> ForbiddenInTopicName = SearchValues.Create("\0+#"u8);

    /// <summary>Well formed (which leaves surrogates out) and free of U+0000.</summary>
    public static bool IsValid(ReadOnlySpan<byte> text) =>
        !text.Contains((byte)0) && System.Text.Unicode.Utf8.IsValid(text);

    /// <summary>Valid as a string, not empty, not too long, no wildcard.</summary>
    public static bool IsTopicName(ReadOnlySpan<byte> topic) =>
        topic.Length is > 0 and <= ushort.MaxValue && topic.IndexOfAny(ForbiddenInTopicName) < 0 && System.Text.Unicode.Utf8.IsValid(topic);

    /// <summary>Valid as a string, not empty, and its wildcards each fill a level, <c>#</c> only the last (4.7.1).</summary>
    public static bool IsTopicFilter(ReadOnlySpan<byte> filter)
    {
        if (filter.Length is 0 or > ushort.MaxValue || !IsValid(filter)) return false;
        for (var index = 0; index < filter.Length; index++)
        {
            if (filter[index] is not ((byte)'+' or (byte)'#')) continue;
            var opens = index == 0 || filter[index - 1] == (byte)'/';
            var closes = index == filter.Length - 1 || (filter[index] == (byte)'+' && filter[index + 1] == (byte)'/');
            if (!opens || !closes) return false;
        }

        return true;
    }
}
