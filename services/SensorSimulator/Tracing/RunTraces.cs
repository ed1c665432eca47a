using System.Diagnostics;
using System.Globalization;
using System.Text;
using MQTTnet.Packets;
using Tally.Contracts;
using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.SensorSimulator.Tracing;

/// <summary>
/// The traces that a run begins: one for each reading that is sampled, from its sending to its acknowledgement. A reading that is
/// sent again goes on in the trace that it has.
/// </summary>
/// <param name="run">Name of the run.</param>
/// <param name="every">One of so many readings is sampled; 1: all, 0: none.</param>
internal sealed class RunTraces(string run, int every)
{
    private readonly Lock _gate = new(); // the sender publishes, the receiver hears
    private readonly Dictionary<long, TracedReading> _open = []; // by index
    private readonly Dictionary<long, TracedReading> _sending = []; // by token
    private long _lowest = long.MaxValue; // of those tokens; they rise
    private readonly List<ActivityContext> _contexts = [];
    private readonly List<Activity> _processes = [];

    /// <summary>Somebody listened to traces when the run began: asked three times for each reading.</summary>
    public bool IsOn { get; } = every > 0 && SimulatorTelemetry.Spans.HasListeners();

    /// <summary>
    /// Whether a reading is sampled: of each row of so many the first, then the second, and so on, so that it is not always the
    /// same device's turn.
    /// </summary>
    public bool IsSampled(long index)
    {
        // Twice for each reading: one division of 32 bits instead of three of 64, wherever it can be.
        if (index > uint.MaxValue) return index % every == index / every % every;
        var row = (uint)index / (uint)every;
        var column = (uint)index - (row * (uint)every);
        return column == (row < (uint)every ? row : row % (uint)every);
    }

    /// <summary>A sampled reading is about to be sent.</summary>
    /// <returns>What it carries of its trace; null: nothing.</returns>
    public List<MqttUserProperty>? BeginPublishing(in Publication publication, string topic, long seq, int bytes, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(publication.Index, out var reading))
            {
                if (SimulatorTelemetry.StartPublish(topic, bytes, run, seq) is not { } span) return null;
                reading = new TracedReading(span, Properties(span, now));
                _open.Add(publication.Index, reading);
            }
            else if (publication.Kind != PublicationKind.First)
            {
                reading.Span.AddEvent(new ActivityEvent("sent again"));
            }

            _sending[publication.Token] = reading;
            if (publication.Token < _lowest) Volatile.Write(ref _lowest, publication.Token);
            return reading.Properties;
        }
    }

    /// <summary>The client had no room for it.</summary>
    public void Withdraw(in Publication publication)
    {
        lock (_gate)
        {
            if (_sending.Remove(publication.Token)) FindLowest();
        }
    }

    /// <summary>The broker has a reading, or it will never have it.</summary>
    public void OnPublished(long token, MqttReasonCode reason)
    {
        // Once for each reading, nearly always in the order of sending: those before the next that is sampled are none.
        if (token < Volatile.Read(ref _lowest)) return;
        lock (_gate)
        {
            if (!_sending.Remove(token, out var reading)) return;
            FindLowest();
            if (reason != MqttReasonCode.Success) reading.Span.SetStatus(ActivityStatusCode.Error, reason.ToString());
            reading.Span.Stop();
        }
    }

    /// <summary>A reading is acknowledged by the application.</summary>
    public void OnAcknowledged(long index)
    {
        if (!IsSampled(index)) return;
        lock (_gate)
        {
            if (_open.Remove(index, out var reading)) reading.Span.Stop(); // it has stopped long ago, unless PUBACK was lost
        }
    }

    /// <summary>An acknowledgement has arrived: spans of its processing in the traces that it carries. For the receiver only.</summary>
    /// <returns>The span of all of it; null when it carries none.</returns>
    public Activity? BeginProcessing(in MqttMessage message)
    {
        if (message.Packet.UserProperties is null || !IsOn) return null;
        _contexts.Clear();
        MqttTraceContext.GetAll(message.Packet.UserProperties, _contexts);
        var topic = Encoding.UTF8.GetString(message.Topic);
        foreach (var context in _contexts)
        {
            if (SimulatorTelemetry.StartProcess(topic, context) is { } process) _processes.Add(process);
        }

        if (_processes.Count == 0 || SimulatorTelemetry.StartBatch(_processes[0].Context) is not { } batch) return null;
        foreach (var process in _processes) process.AddLink(new ActivityLink(batch.Context));
        return batch;
    }

    /// <summary>The acknowledgement is read.</summary>
    /// <param name="batch">Its span.</param>
    /// <param name="readings">Readings that it acknowledged.</param>
    public void EndProcessing(Activity? batch, long readings)
    {
        if (batch is null) return;
        foreach (var process in _processes) process.Stop();
        _processes.Clear();
        batch.SetTag(MqttSpan.BatchMessageCount, readings).Stop();
    }

    private void FindLowest()
    {
        var lowest = long.MaxValue;
        foreach (var token in _sending.Keys) lowest = Math.Min(lowest, token); // some ten of them, once for each that is sampled
        Volatile.Write(ref _lowest, lowest);
    }

    private static List<MqttUserProperty> Properties(Activity span, DateTimeOffset now) =>
        [.. MqttTraceContext.Encode(span), MqttTraceContext.Property(TraceProperties.PublishedAt, now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture))];

    private sealed record TracedReading(Activity Span, List<MqttUserProperty> Properties);
}
