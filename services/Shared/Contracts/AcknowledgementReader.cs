using System.Text.Json;

namespace Tally.Contracts;

/// <summary>What an acknowledgement says, range by range.</summary>
public interface IAcknowledgementVisitor
{
    /// <summary>The announcement of the run with that state is stored.</summary>
    void OnAnnounced(RunState state);

    /// <summary>The readings <paramref name="from"/> to <paramref name="to"/> (both included) of a series are stored or rejected.</summary>
    /// <param name="device">Device, UTF-8; valid during the call.</param>
    /// <param name="metric">Metric, UTF-8; valid during the call.</param>
    /// <param name="from">First seq.</param>
    /// <param name="to">Last seq; not below <paramref name="from"/>.</param>
    /// <param name="stored">True: stored. False: rejected.</param>
    void OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool stored);

    /// <summary>The answer to one message that was sent with Correlation Data, which comes back with the acknowledgement's own packet.</summary>
    /// <param name="device">Device, UTF-8, empty where unknown; valid during the call.</param>
    /// <param name="metric">Metric, UTF-8, empty where unknown; valid during the call.</param>
    /// <param name="seq">Sequence number; 0 where unknown.</param>
    /// <param name="stored">True: stored. False: rejected.</param>
    void OnReply(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long seq, bool stored)
    {
    }
}

/// <summary>
/// Reads what arrives on <c>acks/{publisher}</c>:
/// <code>
/// {"run":"r1","announced":"started","stored":[{"device":"d","metric":"m","ranges":[[1,20]]}],"rejected":[…]}
/// {"run":"r1","stored":false,"device":"d","metric":"m","seq":7,"reason":"no number in the text"}
/// </code>
/// The second form is the reply to a message with Correlation Data. Unknown properties are passed over.
/// </summary>
public static class AcknowledgementReader
{
    /// <summary>Reads one acknowledgement, if it is about that run.</summary>
    /// <returns>False when it is about another run; nothing was visited then.</returns>
    /// <exception cref="JsonException">
    /// The payload is no acknowledgement; the message says where. What stands before that place has been visited.
    /// </exception>
    public static bool Read(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> run, IAcknowledgementVisitor visitor)
    {
        var json = new Utf8JsonReader(payload);
        JsonTokens.Expect(ref json, JsonTokenType.StartObject);
        if (!JsonTokens.NextProperty(ref json) || !JsonTokens.Is(ref json, "run"u8)) throw new JsonException("An acknowledgement has to begin with its run.");
        JsonTokens.Expect(ref json, JsonTokenType.String);
        if (!JsonTokens.Is(ref json, run)) return false;

        bool? replied = null;
        ReadOnlySpan<byte> device = default, metric = default;
        var seq = 0L;
        while (JsonTokens.NextProperty(ref json))
        {
            if (JsonTokens.Is(ref json, "stored"u8)) replied = ReadOutcome(payload, ref json, visitor, stored: true) ?? replied;
            else if (JsonTokens.Is(ref json, "rejected"u8)) ReadOutcome(payload, ref json, visitor, stored: false);
            else if (JsonTokens.Is(ref json, "announced"u8)) ReadAnnounced(ref json, visitor);
            else if (JsonTokens.Is(ref json, "device"u8)) device = JsonTokens.ReadText(payload, ref json);
            else if (JsonTokens.Is(ref json, "metric"u8)) metric = JsonTokens.ReadText(payload, ref json);
            else if (JsonTokens.Is(ref json, "seq"u8)) seq = JsonTokens.ReadInt64(ref json);
            else json.Skip();
        }

        JsonTokens.ExpectEnd(ref json);
        if (replied is { } stored) visitor.OnReply(device, metric, seq, stored);
        return true;
    }

    /// <summary>A list of series, or (null otherwise) the yes or no of a reply.</summary>
    private static bool? ReadOutcome(ReadOnlySpan<byte> payload, scoped ref Utf8JsonReader json, IAcknowledgementVisitor visitor, bool stored)
    {
        if (!json.Read()) throw new JsonException("An acknowledgement ends in the middle.");
        if (json.TokenType is JsonTokenType.True or JsonTokenType.False) return json.GetBoolean();
        if (json.TokenType != JsonTokenType.StartArray)
            throw new JsonException($"At byte {json.TokenStartIndex} there is {json.TokenType} where a list of series or a yes or no belongs.");

        while (JsonTokens.NextElement(ref json, JsonTokenType.StartObject)) ReadSeries(payload, ref json, visitor, stored);
        return null;
    }

    private static void ReadSeries(ReadOnlySpan<byte> payload, scoped ref Utf8JsonReader json, IAcknowledgementVisitor visitor, bool stored)
    {
        ReadOnlySpan<byte> device = default, metric = default;
        while (JsonTokens.NextProperty(ref json))
        {
            if (JsonTokens.Is(ref json, "device"u8)) device = JsonTokens.ReadText(payload, ref json);
            else if (JsonTokens.Is(ref json, "metric"u8)) metric = JsonTokens.ReadText(payload, ref json);
            else if (JsonTokens.Is(ref json, "ranges"u8)) ReadRanges(ref json, device, metric, visitor, stored);
            else json.Skip();
        }
    }

    private static void ReadRanges(
        ref Utf8JsonReader json, ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, IAcknowledgementVisitor visitor, bool stored)
    {
        JsonTokens.Expect(ref json, JsonTokenType.StartArray);
        while (JsonTokens.NextElement(ref json, JsonTokenType.StartArray))
        {
            var from = JsonTokens.ReadInt64(ref json);
            var to = JsonTokens.ReadInt64(ref json);
            JsonTokens.Expect(ref json, JsonTokenType.EndArray);
            if (to < from) throw new JsonException($"The range [{from},{to}] before byte {json.TokenStartIndex} ends before it begins.");
            visitor.OnRange(device, metric, from, to, stored);
        }
    }

    private static void ReadAnnounced(ref Utf8JsonReader json, IAcknowledgementVisitor visitor)
    {
        JsonTokens.Expect(ref json, JsonTokenType.String);
        if (JsonTokens.Is(ref json, "started"u8)) visitor.OnAnnounced(RunState.Started);
        else if (JsonTokens.Is(ref json, "finished"u8)) visitor.OnAnnounced(RunState.Finished);
    }
}
