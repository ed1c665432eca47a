using System.Buffers;
using System.Text.Json;

namespace Tally.Contracts;

/// <summary>What a notice asks AckResponder to publish, one acknowledgement after the other.</summary>
public interface INoticeVisitor
{
    /// <summary>An acknowledgement to publish.</summary>
    /// <param name="topic">Topic, UTF-8.</param>
    /// <param name="payload">JSON as <see cref="AcknowledgementReader"/> reads it; valid during the call.</param>
    /// <param name="correlation">Correlation Data to give back; empty when there is none.</param>
    void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation);
}

/// <summary>
/// Reads the notices of <see cref="NoticeWriter"/> and turns each into acknowledgements. The lists are copied as they
/// stand, so what is acknowledged is exactly what Ingest said is stored.
/// </summary>
public sealed class NoticeReader
{
    private readonly ArrayBufferWriter<byte> _payload = new(16 * 1024);
    private readonly ArrayBufferWriter<byte> _correlation = new(256);

    /// <summary>Reads one notice.</summary>
    /// <exception cref="JsonException">The notice is not one; the message says where.</exception>
    public void Read(ReadOnlySpan<byte> notice, INoticeVisitor visitor)
    {
        var json = new Utf8JsonReader(notice);
        ReadOnlySpan<byte> run = default;
        Expect(ref json, JsonTokenType.StartObject);
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("run"u8))
            {
                Expect(ref json, JsonTokenType.String);
                run = Raw(notice, ref json);
            }
            else if (json.ValueTextEquals("acks"u8))
            {
                Expect(ref json, JsonTokenType.StartArray);
                while (Next(ref json) == JsonTokenType.StartObject) ReadPublisher(notice, ref json, run, visitor);
            }
            else if (json.ValueTextEquals("replies"u8))
            {
                Expect(ref json, JsonTokenType.StartArray);
                while (Next(ref json) == JsonTokenType.StartObject) ReadReply(notice, ref json, run, visitor);
            }
            else
            {
                json.Skip();
            }
        }
    }

    private void ReadPublisher(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json, ReadOnlySpan<byte> run, INoticeVisitor visitor)
    {
        byte[] topic = [];
        BeginPayload(run);
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("to"u8)) topic = ReadString(ref json);
            else CopyProperty(notice, ref json);
        }

        _payload.Write("}"u8);
        if (topic.Length == 0) throw new JsonException("A notice names no topic (\"to\") for an acknowledgement.");
        visitor.OnAcknowledgement(topic, _payload.WrittenSpan, default);
    }

    private void ReadReply(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json, ReadOnlySpan<byte> run, INoticeVisitor visitor)
    {
        byte[] topic = [];
        _correlation.ResetWrittenCount();
        BeginPayload(run);
        while (Next(ref json) == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("to"u8)) topic = ReadString(ref json);
            else if (json.ValueTextEquals("correlation"u8))
            {
                Expect(ref json, JsonTokenType.String);
                _correlation.Write(json.GetBytesFromBase64());
            }
            else CopyProperty(notice, ref json);
        }

        _payload.Write("}"u8);
        if (topic.Length == 0) throw new JsonException("A notice names no topic (\"to\") for a reply.");
        visitor.OnAcknowledgement(topic, _payload.WrittenSpan, _correlation.WrittenSpan);
    }

    private void BeginPayload(ReadOnlySpan<byte> run)
    {
        _payload.ResetWrittenCount();
        _payload.Write("{\"run\":"u8);
        _payload.Write(run.IsEmpty ? "\"0\""u8 : run);
    }

    private void CopyProperty(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json)
    {
        _payload.Write(","u8);
        var start = (int)json.TokenStartIndex;
        Next(ref json);
        json.Skip();
        _payload.Write(notice[start..(int)json.BytesConsumed]);
    }

    private static byte[] ReadString(scoped ref Utf8JsonReader json)
    {
        Expect(ref json, JsonTokenType.String);
        var utf8 = new byte[json.ValueSpan.Length];
        var length = json.CopyString(utf8);
        return length == utf8.Length ? utf8 : utf8[..length];
    }

    /// <summary>A string token as it stands, quotes included.</summary>
    private static ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> notice, scoped ref Utf8JsonReader json) =>
        notice[(int)json.TokenStartIndex..(int)json.BytesConsumed];

    private static JsonTokenType Next(scoped ref Utf8JsonReader json) => json.Read() ? json.TokenType : JsonTokenType.None;

    private static void Expect(scoped ref Utf8JsonReader json, JsonTokenType expected)
    {
        if (Next(ref json) != expected)
            throw new JsonException($"A notice has {json.TokenType} where {expected} belongs, at byte {json.TokenStartIndex}.");
    }
}
