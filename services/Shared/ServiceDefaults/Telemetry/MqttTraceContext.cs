using System.Diagnostics;
using System.Text;
using MQTTnet.Packets;

namespace Tally.ServiceDefaults.Telemetry;

/// <summary>
/// W3C trace contexts in user properties: <c>traceparent</c>, and behind it <c>tracestate</c> where there is one (W3C Trace
/// Context for MQTT, 2). A message that speaks of several others carries a pair for each.
/// </summary>
public static class MqttTraceContext
{
    private const string Parent = "traceparent", State = "tracestate";

    /// <summary>Finds the first context.</summary>
    /// <returns>False when there is none, or it has not the form of one: a trace is no reason to refuse a message.</returns>
    public static bool TryGet(IReadOnlyList<MqttUserProperty>? properties, out ActivityContext context)
    {
        context = default;
        return Find(properties, Parent) is { } parent && ActivityContext.TryParse(parent, Find(properties, State), isRemote: true, out context);
    }

    /// <summary>Adds all contexts to a list, in their order; those that have not the form of one are passed over.</summary>
    public static void GetAll(IReadOnlyList<MqttUserProperty>? properties, ICollection<ActivityContext> contexts)
    {
        for (var index = 0; index < properties?.Count; index++)
        {
            if (properties[index].Name != Parent) continue;
            var state = index + 1 < properties.Count && properties[index + 1].Name == State ? TextOf(properties[index + 1]) : null;
            if (ActivityContext.TryParse(TextOf(properties[index]), state, isRemote: true, out var context)) contexts.Add(context);
        }
    }

    /// <summary>User properties that carry the contexts of spans.</summary>
    public static List<MqttUserProperty> Encode(params ReadOnlySpan<Activity> spans)
    {
        var properties = new List<MqttUserProperty>(spans.Length + 1);
        foreach (var span in spans)
        {
            properties.Add(Property(Parent, span.Id!)); // the W3C form, .NET's default
            if (span.TraceStateString is { Length: > 0 } state) properties.Add(Property(State, state));
        }

        return properties;
    }

    /// <summary>A user property.</summary>
    public static MqttUserProperty Property(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));

    /// <summary>Value of the first user property of that name; null: there is none.</summary>
    public static string? Find(IReadOnlyList<MqttUserProperty>? properties, string name)
    {
        for (var index = 0; index < properties?.Count; index++)
        {
            if (properties[index].Name == name) return TextOf(properties[index]);
        }

        return null;
    }

    private static string TextOf(MqttUserProperty property) => Encoding.UTF8.GetString(property.ValueBuffer.Span);
}
