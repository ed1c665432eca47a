using System.Diagnostics;
using Tally.ServiceDefaults.Telemetry;

namespace Tally.AckResponder;

/// <summary>Spans of this service, by OpenTelemetry's conventions for messaging; the tests listen to the same. What it counts: <see cref="AckResponderMetrics"/>.</summary>
internal static class AckResponderTelemetry
{
    /// <summary>Name of the source of spans.</summary>
    public const string Name = "Tally.AckResponder";

    private const string StoredTemplate = "stored/{run}";
    private const string AcksTemplate = "acks/{publisher}";

    /// <summary>Spans.</summary>
    public static readonly ActivitySource Spans = new(Name);

    /// <summary>Starts the span of a notice that speaks of sampled messages.</summary>
    /// <param name="acknowledgements">How many it asks for.</param>
    /// <param name="first">The span of the first sampled message.</param>
    public static Activity? StartBatch(int acknowledgements, ActivityContext first) => MqttSpan.ProcessBatch(Spans, StoredTemplate, acknowledgements, first);

    /// <summary>Starts the span of a notice, as far as it speaks of a sampled message.</summary>
    public static Activity? StartProcess(string topic, ActivityContext publisher) => MqttSpan.Process(Spans, StoredTemplate, topic, publisher);

    /// <summary>Starts the span of an acknowledgement, as far as it speaks of a sampled message.</summary>
    public static Activity? StartPublish(string topic, ActivityContext process) => MqttSpan.Publish(Spans, AcksTemplate, topic, process);
}
