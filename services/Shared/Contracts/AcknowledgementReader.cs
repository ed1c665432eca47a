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
    /// <param name="to">Last seq.</param>
    /// <param name="stored">True: stored. False: rejected.</param>
    void OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool stored);
}

/// <summary>
/// Reads what arrives on <c>acks/{publisher}</c>:
/// <code>{"run":"r1","announced":"started","stored":[{"device":"d","metric":"m","ranges":[[1,20]]}],"rejected":[…]}</code>
/// Unknown properties are passed over.
/// </summary>
public static class AcknowledgementReader
{
    /// <summary>Bytes that one byte of a name can take in JSON (a control character: \u0001).</summary>
    private const int MostEscaped = 6;

    /// <summary>Reads one acknowledgement, if it is about that run.</summary>
    /// <returns>False when it is about another run; nothing was visited then.</returns>
    /// <exception cref="JsonException">The payload is no acknowledgement; the message says where.</exception>
    public static bool Read(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> run, IAcknowledgementVisitor visitor)
    {
        var json = new Utf8JsonReader(payload);
        Expect(ref json, JsonTokenType.StartObject);
        var ours = false;
        Span<byte> device = stackalloc byte[Limits.NameBytes * MostEscaped];
        Span<byte> metric = stackalloc byte[Limits.NameBytes * MostEscaped];
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("run"u8))
            {
                Expect(ref json, JsonTokenType.String);
                if (!json.ValueTextEquals(run)) return false;
                ours = true;
            }
            else if (!ours)
            {
                throw new JsonException("An acknowledgement has to begin with its run.");
            }
            else if (json.ValueTextEquals("announced"u8))
            {
                Expect(ref json, JsonTokenType.String);
                visitor.OnAnnounced(json.ValueTextEquals("finished"u8) ? RunState.Finished : RunState.Started);
            }
            else if (json.ValueTextEquals("stored"u8))
            {
                ReadList(ref json, device, metric, visitor, stored: true);
            }
            else if (json.ValueTextEquals("rejected"u8))
            {
                ReadList(ref json, device, metric, visitor, stored: false);
            }
            else
            {
                json.Skip();
            }
        }

        return ours;
    }

    private static void ReadList(ref Utf8JsonReader json, scoped Span<byte> device, scoped Span<byte> metric, IAcknowledgementVisitor visitor, bool stored)
    {
        if (!json.Read()) throw new JsonException("An acknowledgement ends in the middle.");
        if (json.TokenType != JsonTokenType.StartArray) return; // a reply says "stored":true and names its reading by itself
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            int deviceLength = 0, metricLength = 0;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("device"u8)) deviceLength = CopyName(ref json, device);
                else if (json.ValueTextEquals("metric"u8)) metricLength = CopyName(ref json, metric);
                else if (json.ValueTextEquals("ranges"u8)) ReadRanges(ref json, device[..deviceLength], metric[..metricLength], visitor, stored);
                else json.Skip();
            }
        }
    }

    private static void ReadRanges(
        ref Utf8JsonReader json, scoped ReadOnlySpan<byte> device, scoped ReadOnlySpan<byte> metric, IAcknowledgementVisitor visitor, bool stored)
    {
        Expect(ref json, JsonTokenType.StartArray);
        while (json.Read() && json.TokenType == JsonTokenType.StartArray)
        {
            Expect(ref json, JsonTokenType.Number);
            var from = json.GetInt64();
            Expect(ref json, JsonTokenType.Number);
            visitor.OnRange(device, metric, from, json.GetInt64(), stored);
            Expect(ref json, JsonTokenType.EndArray);
        }
    }

    private static int CopyName(ref Utf8JsonReader json, scoped Span<byte> name)
    {
        Expect(ref json, JsonTokenType.String);
        if (json.ValueSpan.Length > name.Length) throw new JsonException($"A name of {json.ValueSpan.Length} bytes is longer than {name.Length}.");
        return json.CopyString(name);
    }

    private static void Expect(ref Utf8JsonReader json, JsonTokenType expected)
    {
        if (!json.Read() || json.TokenType != expected)
            throw new JsonException($"An acknowledgement has {json.TokenType} where {expected} belongs, at byte {json.TokenStartIndex}.");
    }
}
