using System.Diagnostics;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// Starts spans by OpenTelemetry's semantic conventions for messaging (1.38): their names, kinds and attributes. A
/// destination stands in the name as its template, so that names stay few; never is a payload on a span.
/// </summary>
public static class MqttSpan
{
    /// <summary>Always <c>mqtt</c>.</summary>
    public const string System = "messaging.system";

    /// <summary><c>publish</c> or <c>process</c>.</summary>
    public const string OperationName = "messaging.operation.name";

    /// <summary><c>send</c> or <c>process</c>.</summary>
    public const string OperationType = "messaging.operation.type";

    /// <summary>The topic.</summary>
    public const string DestinationName = "messaging.destination.name";

    /// <summary>The topic with its variable levels in braces.</summary>
    public const string DestinationTemplate = "messaging.destination.template";

    /// <summary>Messages that a span of a batch stands for.</summary>
    public const string BatchMessageCount = "messaging.batch.message_count";

    /// <summary>Bytes of the payload.</summary>
    public const string BodySize = "messaging.message.body.size";

    /// <summary>Starts the span of a message that is published.</summary>
    /// <param name="source">Whose span it is.</param>
    /// <param name="template">Its topic with the variable levels in braces.</param>
    /// <param name="topic">Its topic.</param>
    /// <param name="parent">The span that it belongs to; default: it begins a trace.</param>
    /// <returns>Null when nobody listens.</returns>
    public static Activity? Publish(ActivitySource source, string template, string topic, ActivityContext parent) =>
        Start(source, $"publish {template}", ActivityKind.Producer, parent)?
            .SetTag(OperationName, "publish").SetTag(OperationType, "send").SetTag(DestinationTemplate, template).SetTag(DestinationName, topic);

    /// <summary>Starts the span of a message that arrived.</summary>
    /// <param name="source">Whose span it is.</param>
    /// <param name="template">Its topic with the variable levels in braces.</param>
    /// <param name="topic">Its topic.</param>
    /// <param name="parent">The span of its publishing.</param>
    /// <returns>Null when nobody listens.</returns>
    public static Activity? Process(ActivitySource source, string template, string topic, ActivityContext parent) =>
        Start(source, $"process {template}", ActivityKind.Consumer, parent)?
            .SetTag(OperationName, "process").SetTag(OperationType, "process").SetTag(DestinationTemplate, template).SetTag(DestinationName, topic);

    /// <summary>Starts the span of a batch, to which the spans of the sampled messages in it are linked. It stands in the trace of the first of them: a trace of its own would bury those of the messages.</summary>
    /// <param name="source">Whose span it is.</param>
    /// <param name="template">Topic of its messages with the variable levels in braces.</param>
    /// <param name="count">Messages in it, sampled or not.</param>
    /// <param name="first">The span of its first sampled message.</param>
    /// <returns>Null when nobody listens.</returns>
    public static Activity? ProcessBatch(ActivitySource source, string template, int count, ActivityContext first) =>
        Start(source, $"process batch {template}", ActivityKind.Consumer, first)?
            .SetTag(OperationName, "process").SetTag(OperationType, "process").SetTag(DestinationTemplate, template).SetTag(DestinationName, template).SetTag(BatchMessageCount, count);

    /// <summary>
    /// Spans of messages begin on one thread and end on another: none is the surroundings of what its thread does next, and none
    /// has its parent from there.
    /// </summary>
    private static Activity? Start(ActivitySource source, string name, ActivityKind kind, ActivityContext parent)
    {
        Activity.Current = null;
        var span = source.StartActivity(name, kind, parent)?.SetTag(System, "mqtt");
        Activity.Current = null;
        return span;
    }
}
