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
        IsRecorded(variables, Request, path: "/api/runs").ShouldBe(expected);
        IsRecorded(variables, OutgoingRequest).ShouldBe(expected);
    }

    [Theory]
    [InlineData(Reading, true)]
    [InlineData(Reading, false)]
    [InlineData(Request, true)]
    [InlineData(Request, false)]
    public void Everything_else_follows_its_parent(string name, bool isRecorded) =>
        IsRecorded(isRecorded ? "OTEL_TRACES_SAMPLER=always_off" : "", name, path: "/api/runs", parentIsRecorded: isRecorded).ShouldBe(isRecorded);

    [Theory]
    [InlineData("/health/live", null)]
    [InlineData("/health/ready", null)]
    [InlineData("/health/ready", true)]
    [InlineData("/", null)]
    [InlineData("/page.js", null)]
    [InlineData("/api/events", null)]
    [InlineData("/api/runs/r1/events", null)]
    public void Health_probes_files_of_the_page_and_its_streams_are_no_traces(string path, bool? parentIsRecorded) =>
        IsRecorded("OTEL_TRACES_SAMPLER=always_on", Request, path, parentIsRecorded).ShouldBeFalse();

    [Fact]
    public void A_query_is_recorded_with_its_request_only()
    {
        IsRecorded("", "SELECT", kind: ActivityKind.Client).ShouldBeFalse();
        IsRecorded("", "SELECT", parentIsRecorded: true, kind: ActivityKind.Client).ShouldBeTrue();
    }

    private static bool IsRecorded(string variables, string name, string? path = null, bool? parentIsRecorded = null, ActivityKind kind = ActivityKind.Server)
    {
        var parent = parentIsRecorded is { } recorded
            ? new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), recorded ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, isRemote: true)
            : default;
        KeyValuePair<string, object?>[] tags = path is null ? [] : [new("http.request.method", "GET"), new("url.path", path)];
        var parameters = new SamplingParameters(parent, ActivityTraceId.CreateRandom(), name, kind, tags, []);
        return TallySampler.Of(Settings.Of(variables)).ShouldSample(parameters).Decision == SamplingDecision.RecordAndSample;
    }
}
