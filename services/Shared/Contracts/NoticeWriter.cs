using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tally.Contracts;

/// <summary>
/// Writes the notice that Ingest publishes on <c>stored/{run}</c> after a commit. One writer is used for notice after
/// notice and keeps its memory.
/// </summary>
/// <remarks>
/// <code>
/// {"run":"r1",
///  "acks":[{"to":"acks/sim-1","traces":[{"traceparent":"00-…-01"}],"announced":"started",
///           "stored":[{"device":"sensor-0001","metric":"temperature","ranges":[[1,20],[25,25]]}],
///           "rejected":[{"device":"sensor-0002","metric":"temperature","ranges":[[7,7]]}]}],
///  "replies":[{"to":"acks/x","correlation":"AQI=","stored":false,"device":"d","metric":"m","seq":7,"reason":"no number in the text"}]}
/// </code>
/// Call order: <see cref="Begin"/>, then for each publisher <see cref="BeginPublisher"/>, its traces, its announcement, everything
/// stored, everything rejected, then all replies, then <see cref="End"/>. Ranges of one series are given one after the other.
/// </remarks>
public sealed class NoticeWriter : IDisposable
{
    private enum List : byte { None, Traces, Stored, Rejected }

    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private readonly Utf8JsonWriter _json;
    private byte[] _device = new byte[Limits.NameBytes];
    private byte[] _metric = new byte[Limits.NameBytes];
    private int _deviceLength;
    private int _metricLength;
    private List _list;
    private bool _inSeries;
    private bool _inPublisher;
    private bool _inReplies;

    /// <summary>Makes a writer with a buffer of its own.</summary>
    public NoticeWriter() =>
        // The notice is read by JSON readers only, never placed in HTML: names keep their readable form.
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>Starts a notice about a run; forgets the one before.</summary>
    public void Begin(ReadOnlySpan<byte> run)
    {
        _buffer.ResetWrittenCount();
        _json.Reset(_buffer);
        (_list, _inSeries, _inPublisher, _inReplies) = (List.None, false, false, false);
        _json.WriteStartObject();
        _json.WriteString("run"u8, run);
        _json.WriteStartArray("acks"u8);
    }

    /// <summary>Starts what one publisher is told.</summary>
    /// <param name="ackTopic">Topic of its acknowledgements.</param>
    public void BeginPublisher(ReadOnlySpan<byte> ackTopic)
    {
        EndPublisher();
        _inPublisher = true;
        _json.WriteStartObject();
        _json.WriteString("to"u8, ackTopic);
    }

    /// <summary>One of the publisher's messages is sampled: the context of the span under which this notice speaks of it.</summary>
    /// <param name="traceparent">W3C Trace Context, 3.2.</param>
    /// <param name="tracestate">W3C Trace Context, 3.3; null or empty when there is none.</param>
    public void Trace(string traceparent, string? tracestate)
    {
        if (_list != List.Traces)
        {
            EndList();
            _json.WriteStartArray("traces"u8);
            _list = List.Traces;
        }

        WriteTrace(traceparent, tracestate);
    }

    /// <summary>An announcement of the run itself is stored.</summary>
    public void Announced(RunState state)
    {
        EndList();
        _json.WriteString("announced"u8, state == RunState.Finished ? "finished"u8 : "started"u8);
    }

    /// <summary>The readings <paramref name="from"/> to <paramref name="to"/> (both included) of a series are stored.</summary>
    public void Stored(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to) => Range(List.Stored, device, metric, from, to);

    /// <summary>The readings <paramref name="from"/> to <paramref name="to"/> (both included) of a series are rejected.</summary>
    public void Rejected(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to) => Range(List.Rejected, device, metric, from, to);

    /// <summary>The answer to one message that asked for it with Correlation Data (MQTT 5, 4.10).</summary>
    /// <param name="to">Its response topic.</param>
    /// <param name="correlation">Its Correlation Data.</param>
    /// <param name="stored">Stored, or rejected.</param>
    /// <param name="device">Device, empty where unknown.</param>
    /// <param name="metric">Metric, empty where unknown.</param>
    /// <param name="seq">Sequence number, 0 where unknown.</param>
    /// <param name="reason">Why it was rejected; null when stored.</param>
    /// <param name="trace">Contexts of its span as for <see cref="Trace"/>; null when it is not sampled.</param>
    public void Reply(
        ReadOnlySpan<byte> to, ReadOnlySpan<byte> correlation, bool stored, ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long seq, string? reason,
        (string Traceparent, string? Tracestate)? trace = null)
    {
        BeginReplies();
        _json.WriteStartObject();
        _json.WriteString("to"u8, to);
        _json.WriteBase64String("correlation"u8, correlation);
        _json.WriteBoolean("stored"u8, stored);
        _json.WriteString("device"u8, device);
        _json.WriteString("metric"u8, metric);
        _json.WriteNumber("seq"u8, seq);
        if (reason is not null) _json.WriteString("reason"u8, reason);
        if (trace is var (traceparent, tracestate))
        {
            _json.WriteStartArray("traces"u8);
            WriteTrace(traceparent, tracestate);
            _json.WriteEndArray();
        }

        _json.WriteEndObject();
    }

    /// <summary>Ends the notice.</summary>
    /// <returns>Its JSON, valid until the next <see cref="Begin"/>.</returns>
    public ReadOnlyMemory<byte> End()
    {
        BeginReplies();
        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenMemory;
    }

    /// <inheritdoc/>
    public void Dispose() => _json.Dispose();

    private void WriteTrace(string traceparent, string? tracestate)
    {
        _json.WriteStartObject();
        _json.WriteString("traceparent"u8, traceparent);
        if (!string.IsNullOrEmpty(tracestate)) _json.WriteString("tracestate"u8, tracestate);
        _json.WriteEndObject();
    }

    private void Range(List list, ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to)
    {
        if (_list != list)
        {
            EndList();
            _json.WriteStartArray(list == List.Stored ? "stored"u8 : "rejected"u8);
            _list = list;
        }

        if (!_inSeries || !device.SequenceEqual(_device.AsSpan(0, _deviceLength)) || !metric.SequenceEqual(_metric.AsSpan(0, _metricLength)))
        {
            EndSeries();
            Keep(device, ref _device);
            Keep(metric, ref _metric);
            (_deviceLength, _metricLength, _inSeries) = (device.Length, metric.Length, true);
            _json.WriteStartObject();
            _json.WriteString("device"u8, device);
            _json.WriteString("metric"u8, metric);
            _json.WriteStartArray("ranges"u8);
        }

        _json.WriteStartArray();
        _json.WriteNumberValue(from);
        _json.WriteNumberValue(to);
        _json.WriteEndArray();
    }

    /// <summary>A rejected reading may be rejected for the length of its name.</summary>
    private static void Keep(ReadOnlySpan<byte> name, ref byte[] kept)
    {
        if (name.Length > kept.Length) kept = new byte[name.Length];
        name.CopyTo(kept);
    }

    private void EndSeries()
    {
        if (!_inSeries) return;
        _json.WriteEndArray();
        _json.WriteEndObject();
        _inSeries = false;
    }

    private void EndList()
    {
        EndSeries();
        if (_list != List.None) _json.WriteEndArray();
        _list = List.None;
    }

    private void EndPublisher()
    {
        EndList();
        if (_inPublisher) _json.WriteEndObject();
        _inPublisher = false;
    }

    private void BeginReplies()
    {
        if (_inReplies) return;
        EndPublisher();
        _json.WriteEndArray();
        _json.WriteStartArray("replies"u8);
        _inReplies = true;
    }
}
