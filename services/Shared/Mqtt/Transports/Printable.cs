namespace Tally.Mqtt.Transports;

/// <summary>Text of a peer that is not trusted yet, for a line of the log.</summary>
internal static class Printable
{
    // A name in a certificate, or a reason phrase, has no reason to be longer.
    private const int Longest = 200;

    /// <summary>Cuts it, and replaces what could begin a new line or move the cursor.</summary>
    public static string Of(string text) =>
        string.Create(Math.Min(text.Length, Longest), text, static (span, text) =>
        {
            for (var index = 0; index < span.Length; index++) span[index] = char.IsControl(text[index]) ? '?' : text[index];
        });
}
