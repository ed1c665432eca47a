using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Tally.Contracts;

/// <summary>What a notice asks AckResponder to publish, one acknowledgement after the other.</summary>
public interface INoticeVisitor
{
    /// <summary>A trace that the next acknowledgement belongs to.</summary>
    /// <param name="traceparent">W3C Trace Context, 3.2; not checked.</param>
    /// <param name="tracestate">W3C Trace Context, 3.3; null when there is none.</param>
    void OnTrace(string traceparent, string? tracestate)
    {
    }

    /// <summary>An acknowledgement to publish.</summary>
    /// <param name="topic">Topic, UTF-8; valid during the call.</param>
    /// <param name="payload">JSON as <see cref="AcknowledgementReader"/> reads it; valid during the call.</param>
    /// <param name="correlation">Correlation Data to give back; empty when there is none; valid during the call.</param>
    void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation);
}

/// <summary>
/// Reads the notices of <see cref="NoticeWriter"/> and turns each into acknowledgements. The lists are copied as they
/// stand, so what is acknowledged is exactly what Ingest said is stored.
/// </summary>
public sealed class NoticeReader
{
    private readonly ArrayBufferWriter<byte> _payload = new(16 * 1024);
    private byte[] _correlation = [];

    /// <summary>Reads one notice.</summary>
    /// <exception cref="JsonException">The notice is not one; the message says where. What stands before that place has been visited.</exception>
    public void Read(ReadOnlySpan<byte> notice, INoticeVisitor visitor)
    {
        var json = new Utf8JsonReader(notice);
        JsonTokens.Expect(ref json, JsonTokenType.StartObject);
        if (!JsonTokens.NextProperty(ref json) || !JsonTokens.Is(ref json, "run"u8)) throw new JsonException("A notice has to begin with its run.");
        var run = Raw(notice, ref json);

        while (JsonTokens.NextProperty(ref json))
        {
            if (JsonTokens.Is(ref json, "acks"u8) || JsonTokens.Is(ref json, "replies"u8))
            {
                JsonTokens.Expect(ref json, JsonTokenType.StartArray);
                while (JsonTokens.NextElement(ref json, JsonTokenType.StartObject)) ReadAcknowledgement(notice, ref json, run, visitor);
            }
            else
            {
                json.Skip();
            }
        }

        JsonTokens.ExpectEnd(ref json);
    }

    private void ReadAcknowledgement(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json, ReadOnlySpan<byte> run, INoticeVisitor visitor)
    {
        ReadOnlySpan<byte> topic = default, correlation = default;
        _payload.ResetWrittenCount();
        _payload.Write("{\"run\":"u8);
        _payload.Write(run);
        while (JsonTokens.NextProperty(ref json))
        {
            if (JsonTokens.Is(ref json, "to"u8)) topic = JsonTokens.ReadText(notice, ref json);
            else if (JsonTokens.Is(ref json, "correlation"u8)) correlation = ReadBase64(notice, ref json);
            else if (JsonTokens.Is(ref json, "traces"u8)) ReadTraces(notice, ref json, visitor);
            else CopyProperty(notice, ref json);
        }

        _payload.Write("}"u8);
        if (topic.IsEmpty) throw new JsonException($"Before byte {json.TokenStartIndex} an acknowledgement names no topic (\"to\").");
        visitor.OnAcknowledgement(topic, _payload.WrittenSpan, correlation);
    }

    private static void ReadTraces(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json, INoticeVisitor visitor)
    {
        JsonTokens.Expect(ref json, JsonTokenType.StartArray);
        while (JsonTokens.NextElement(ref json, JsonTokenType.StartObject))
        {
            string? traceparent = null, tracestate = null;
            while (JsonTokens.NextProperty(ref json))
            {
                if (JsonTokens.Is(ref json, "traceparent"u8)) traceparent = Encoding.UTF8.GetString(JsonTokens.ReadText(notice, ref json));
                else if (JsonTokens.Is(ref json, "tracestate"u8)) tracestate = Encoding.UTF8.GetString(JsonTokens.ReadText(notice, ref json));
                else json.Skip();
            }

            if (traceparent is not null) visitor.OnTrace(traceparent, tracestate);
        }
    }

    /// <summary>The property that was reached, name and value, as it stands.</summary>
    private void CopyProperty(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json)
    {
        var start = (int)json.TokenStartIndex;
        json.Skip();
        _payload.Write(","u8);
        _payload.Write(notice[start..(int)json.BytesConsumed]);
    }

    private ReadOnlySpan<byte> ReadBase64(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json)
    {
        var text = JsonTokens.ReadText(notice, ref json);
        if (_correlation.Length < text.Length) _correlation = new byte[text.Length];
        var status = System.Buffers.Text.Base64.DecodeFromUtf8(text, _correlation, out _, out var length);
        if (status != OperationStatus.Done) throw new JsonException($"At byte {json.TokenStartIndex} there is Correlation Data that is no base64.");
        return _correlation.AsSpan(0, length);
    }

    /// <summary>The string that follows as it stands, quotes included, once it is known to be text.</summary>
    private static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json)
    {
        JsonTokens.ReadText(notice, ref json);
        return notice[(int)json.TokenStartIndex..(int)json.BytesConsumed];
    }
}
