using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tally.Contracts.Payloads;

/// <summary>What the store takes as a name.</summary>
public static class Names
{
    /// <summary>Name of the run of readings without run and seq; nobody may claim it.</summary>
    public const string ForeignRun = "0";

    private static readonly SearchValues<byte> RunBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"u8);

    /// <summary>Whether it can be the name of a publisher's run: 1 to <see cref="Limits.RunBytes"/> of A-Z a-z 0-9 . _ - and not <see cref="ForeignRun"/>.</summary>
    public static bool IsRun(ReadOnlySpan<byte> run) =>
        run.Length is > 0 and <= Limits.RunBytes && !run.ContainsAnyExcept(RunBytes) && !run.SequenceEqual("0"u8);

    /// <summary>Whether the store holds that text: valid UTF-8 without NUL, not longer than <paramref name="limit"/> bytes.</summary>
    public static bool Fits(ReadOnlySpan<byte> text, int limit) => text.Length <= limit && !text.Contains((byte)0) && Utf8.IsValid(text);

    /// <summary>The beginning of what a stranger sent, for a reason.</summary>
    public static string Quote(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, 64)]);

    /// <summary>Why the store does not hold a text for which <see cref="Fits"/> says no.</summary>
    /// <param name="what">What the text is: <c>device</c>, <c>unit</c>.</param>
    /// <param name="text">The text.</param>
    /// <param name="limit">Bytes that it may have.</param>
    public static string Misfit(string what, ReadOnlySpan<byte> text, int limit) =>
        text.Length > limit ? $"{what} is longer than {limit} bytes"
        : text.Contains((byte)0) ? $"{what} holds a NUL character"
        : $"{what} is not UTF-8";
}
