using System.Diagnostics;
using Shouldly;
using Tally.ServiceDefaults.Telemetry;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

public sealed class TraceContextTests
{
    private const string First = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private const string Second = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    [Fact]
    public void All_contexts_are_read_in_order_each_with_its_own_state()
    {
        var contexts = Read(("traceparent", First), ("tracestate", "a=1"), ("other", "x"), ("traceparent", Second));
        contexts.Select(context => context.TraceId.ToHexString()).ShouldBe(["0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"]);
        contexts.Select(context => context.TraceState).ShouldBe(["a=1", null]);
        contexts.Select(context => context.TraceFlags).ShouldBe([ActivityTraceFlags.Recorded, ActivityTraceFlags.None]);
        contexts.ShouldAllBe(context => context.IsRemote);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")]
    [InlineData("00-zzf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("no context")]
    public void What_is_no_context_is_passed_over(string parent)
    {
        MqttTraceContext.TryGet([MqttTraceContext.Property("traceparent", parent)], out _).ShouldBeFalse();
        Read(("traceparent", parent), ("traceparent", First)).Count.ShouldBe(1);
    }

    [Fact]
    public void A_span_goes_there_and_back()
    {
        using var span = new Activity("a").SetIdFormat(ActivityIdFormat.W3C);
        span.TraceStateString = "vendor=x";
        span.Start();
        MqttTraceContext.TryGet(MqttTraceContext.Encode(span), out var context).ShouldBeTrue();
        context.TraceId.ShouldBe(span.TraceId);
        context.SpanId.ShouldBe(span.SpanId);
        context.TraceState.ShouldBe("vendor=x");
    }

    private static List<ActivityContext> Read(params (string Name, string Value)[] pairs)
    {
        var contexts = new List<ActivityContext>();
        MqttTraceContext.GetAll([.. pairs.Select(pair => MqttTraceContext.Property(pair.Name, pair.Value))], contexts);
        return contexts;
    }
}
