using System.Diagnostics;
using OpenTelemetry.Trace;
using Shouldly;
using Tally.ServiceDefaults.Telemetry;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

public sealed class SamplerTests
{
    private const string Reading = "publish telemetry/{device}";
    private const string Request = "Microsoft.AspNetCore.Hosting.HttpRequestIn";
    private const string OutgoingRequest = "System.Net.Http.HttpRequestOut";

    [Theory]
    [InlineData("")]
    [InlineData("OTEL_TRACES_SAMPLER=always_on")]
    [InlineData("OTEL_TRACES_SAMPLER=always_off")]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0")]
    public void A_trace_that_Tally_begins_is_recorded_whatever_the_variable_says(string variables) =>
        IsRecorded(variables, Reading).ShouldBeTrue();

    [Theory]
    [InlineData("", true)]
    [InlineData("OTEL_TRACES_SAMPLER=always_on", true)]
    [InlineData("OTEL_TRACES_SAMPLER=always_off", false)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_always_off", false)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0", false)]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio", true)]
    public void The_variable_decides_about_requests(string variables, bool expected)
    {
        IsRecorded(variables, Request).ShouldBe(expected);
        IsRecorded(variables, OutgoingRequest).ShouldBe(expected);
    }

    [Theory]
    [InlineData(Reading, true)]
    [InlineData(Reading, false)]
    [InlineData(Request, true)]
    [InlineData(Request, false)]
    public void Everything_else_follows_its_parent(string name, bool isRecorded) =>
        IsRecorded(isRecorded ? "OTEL_TRACES_SAMPLER=always_off" : "", name, parentIsRecorded: isRecorded).ShouldBe(isRecorded);

    [Fact]
    public void A_query_is_recorded_with_its_request_only()
    {
        IsRecorded("", "SELECT", kind: ActivityKind.Client).ShouldBeFalse();
        IsRecorded("", "SELECT", parentIsRecorded: true, kind: ActivityKind.Client).ShouldBeTrue();
    }

    private static bool IsRecorded(string variables, string name, bool? parentIsRecorded = null, ActivityKind kind = ActivityKind.Server)
    {
        var parent = parentIsRecorded is { } recorded
            ? new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), recorded ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, isRemote: true)
            : default;
        var parameters = new SamplingParameters(parent, ActivityTraceId.CreateRandom(), name, kind, [], []);
        return TallySampler.Of(Settings.Of(variables)).ShouldSample(parameters).Decision == SamplingDecision.RecordAndSample;
    }
}
