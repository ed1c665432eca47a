using System.Diagnostics;
using System.Text;

namespace Tally.Mqtt;

/// <summary>
/// W3C trace contexts in user properties: <c>traceparent</c>, and behind it <c>tracestate</c> where there is one (W3C Trace
/// Context for MQTT, 2). A message that speaks of several others carries a pair for each.
/// </summary>
public static class MqttTraceContext
{
    /// <summary>Finds the first context.</summary>
    /// <returns>False when there is none, or it has not the form of one: a trace is no reason to refuse a message.</returns>
    public static bool TryGet(MqttUserProperties properties, out ActivityContext context)
    {
        context = default;
        if (!properties.TryGet("traceparent"u8, out var parent)) return false;
        properties.TryGet("tracestate"u8, out var state);
        return TryParse(parent, state, out context);
    }

    /// <summary>Adds all contexts to a list, in their order; those that have not the form of one are passed over.</summary>
    public static void GetAll(MqttUserProperties properties, ICollection<ActivityContext> contexts)
    {
        ReadOnlySpan<byte> parent = default, state = default;
        foreach (var pair in properties)
        {
            if (pair.Name.SequenceEqual("traceparent"u8))
            {
                if (TryParse(parent, state, out var context)) contexts.Add(context);
                parent = pair.Value;
                state = default;
            }
            else if (pair.Name.SequenceEqual("tracestate"u8))
            {
                state = pair.Value;
            }
        }

        if (TryParse(parent, state, out var last)) contexts.Add(last);
    }

    /// <summary>User properties that carry the contexts of spans.</summary>
    public static byte[] Encode(params ReadOnlySpan<Activity> spans)
    {
        var pairs = new List<(string, string)>(spans.Length);
        foreach (var span in spans)
        {
            pairs.Add(("traceparent", span.Id!)); // the W3C form, .NET's default
            if (span.TraceStateString is { Length: > 0 } state) pairs.Add(("tracestate", state));
        }

        return MqttUserProperties.Encode([.. pairs]);
    }

    private static bool TryParse(ReadOnlySpan<byte> parent, ReadOnlySpan<byte> state, out ActivityContext context)
    {
        context = default;
        return !parent.IsEmpty
            && ActivityContext.TryParse(Encoding.UTF8.GetString(parent), state.IsEmpty ? null : Encoding.UTF8.GetString(state), isRemote: true, out context);
    }
}
