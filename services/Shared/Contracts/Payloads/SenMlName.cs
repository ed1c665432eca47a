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

    /// <summary>See <see cref="SenMlRecord.Metric"/>. It depends on the resolved name alone, however that is split in bn and n.</summary>
    public static ReadOnlySpan<byte> MetricOf(ReadOnlySpan<byte> name)
    {
        var rest = WithoutDevice(name);
        return rest[(rest.LastIndexOfAny((byte)'/', (byte)':') + 1)..];
    }

    /// <summary>Cuts off a DEV URN, <c>urn:dev:{type}:{identifier}</c> (RFC 9039), and what divides it from the rest.</summary>
    private static ReadOnlySpan<byte> WithoutDevice(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith("urn:dev:"u8)) return name;
        var identifier = name["urn:dev:"u8.Length..];
        var type = identifier.IndexOf((byte)':');
        if (type < 0) return default;
        identifier = identifier[(type + 1)..];
        var end = identifier.IndexOfAny((byte)'/', (byte)':');
        return end < 0 ? default : identifier[(end + 1)..];
    }
}
