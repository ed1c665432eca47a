using System.Buffers;

namespace Tally.Contracts.Payloads;

/// <summary>Names of SenML records (RFC 8428, 4.5.1).</summary>
internal static class SenMlName
{
    private static readonly SearchValues<byte> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-:./_"u8);

    /// <summary>Whether it is a name; the empty one too, because the topic names the device here.</summary>
    public static bool IsValid(ReadOnlySpan<byte> name) =>
        name.IsEmpty || (!name.ContainsAnyExcept(Allowed) && (char.IsAsciiLetterOrDigit((char)name[0])));

    /// <summary>
    /// Device and metric of a resolved name, which is unique in the world: base name and name where the record has both, else the parts
    /// around the last separator. Without a separator the topic says which device.
    /// </summary>
    /// <param name="baseName">bn, where there is an n behind it; else empty.</param>
    /// <param name="name">bn + n.</param>
    /// <param name="device">The device; empty: the topic's.</param>
    /// <param name="metric">The metric; empty: the topic's.</param>
    public static void Split(ReadOnlySpan<byte> baseName, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> device, out ReadOnlySpan<byte> metric)
    {
        if (!baseName.IsEmpty)
        {
            device = baseName[^1] is (byte)':' or (byte)'/' or (byte)'_' or (byte)'-' or (byte)'.' ? baseName[..^1] : baseName;
            metric = name[baseName.Length..];
            return;
        }

        name = name.TrimEnd(":/"u8);
        var separator = name.LastIndexOfAny((byte)'/', (byte)':');
        device = separator < 0 ? default : name[..separator];
        metric = name[(separator + 1)..];
    }

    /// <summary>The metric of a record's sum: <c>{metric}.sum</c>.</summary>
    public static bool TrySum(ReadOnlySpan<byte> metric, Span<byte> room, out int length)
    {
        var suffix = metric.IsEmpty ? "sum"u8 : ".sum"u8;
        length = metric.Length + suffix.Length;
        if (length > room.Length) return false;
        metric.CopyTo(room);
        suffix.CopyTo(room[metric.Length..]);
        return true;
    }
}
