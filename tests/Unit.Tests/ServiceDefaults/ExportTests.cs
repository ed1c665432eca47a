using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;
using Shouldly;
using Tally.ServiceDefaults;
using Tally.ServiceDefaults.Telemetry;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.ServiceDefaults;

/// <summary>An export listens to the whole process: these run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ExportCollection
{
    public const string Name = "Export of telemetry";
}

[Collection(ExportCollection.Name)]
public sealed class ExportTests : IDisposable
{
    // As a run that is over before the first interval is.
    private const string Never = "OTEL_BSP_SCHEDULE_DELAY=3600000 OTEL_BLRP_SCHEDULE_DELAY=3600000 OTEL_METRIC_EXPORT_INTERVAL=3600000";

    private readonly ActivitySource _source = new("Tally.Unit.Export");
    private readonly Meter _meter = new("Tally.Unit.Export");

    public void Dispose()
    {
        _source.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public async Task Without_a_receiver_nothing_is_made_and_nobody_listens()
    {
        await using var app = Build("");
        await app.StartAsync(TestContext.Current.CancellationToken);

        app.Services.GetService<TracerProvider>().ShouldBeNull();
        app.Services.GetServices<ILoggerProvider>().ShouldNotContain(provider => provider.GetType().Namespace!.StartsWith("OpenTelemetry", StringComparison.Ordinal));
        _source.HasListeners().ShouldBeFalse();
        _meter.CreateCounter<int>("tally.unit.count").Enabled.ShouldBeFalse();
    }

    [Fact]
    public void A_console_program_without_a_receiver_has_no_export() => Start("").ShouldBeNull();

    [Fact]
    public async Task The_last_spans_numbers_and_lines_of_a_service_arrive_when_it_ends_right_after_them()
    {
        using var receiver = new OtlpReceiver();
        await using (var app = Build($"{Variables(receiver)} {Never}"))
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
            Report(app.Services.GetRequiredService<ILogger<ExportTests>>());
            await app.StopAsync(TestContext.Current.CancellationToken);
        }

        ShouldHaveAll(receiver);
    }

    [Fact]
    public void The_last_spans_numbers_and_lines_of_a_console_program_arrive_when_it_ends_right_after_them()
    {
        using var receiver = new OtlpReceiver();
        using (var export = Start($"{Variables(receiver)} {Never}").ShouldNotBeNull()) Report(export.Loggers.CreateLogger<ExportTests>());
        ShouldHaveAll(receiver);
    }

    [Fact]
    public void Only_the_signals_asked_for_are_sent()
    {
        using var receiver = new OtlpReceiver();
        using (var export = Start($"{Variables(receiver)} OTEL_TRACES_EXPORTER=none OTEL_LOGS_EXPORTER=none").ShouldNotBeNull())
        {
            _source.HasListeners().ShouldBeFalse();
            Report(export.Loggers.CreateLogger<ExportTests>());
        }

        receiver.Has("metrics", "tally.unit.count").ShouldBeTrue();
        receiver.Has("traces", "").ShouldBeFalse();
        receiver.Has("logs", "").ShouldBeFalse();
    }

    [Fact]
    public void A_service_says_who_it_is_and_the_environment_may_say_it_better()
    {
        using var receiver = new OtlpReceiver();
        using (Start(Variables(receiver))) _source.StartActivity("a span")?.Dispose();
        foreach (var text in (string[])["service.name", "unit", "service.version", "service.instance.id", $"{Environment.MachineName}-{Environment.ProcessId}"])
            receiver.Has("traces", text).ShouldBeTrue(text);

        using var second = new OtlpReceiver();
        using (Start($"{Variables(second)} OTEL_SERVICE_NAME=another OTEL_RESOURCE_ATTRIBUTES=service.instance.id=seven")) _source.StartActivity("a span")?.Dispose();
        foreach (var text in (string[])["another", "seven"]) second.Has("traces", text).ShouldBeTrue(text);
        second.Has("traces", $"{Environment.MachineName}-{Environment.ProcessId}").ShouldBeFalse();
    }

    [Fact]
    public async Task A_receiver_that_hangs_does_not_hold_up_the_end()
    {
        using var receiver = new OtlpReceiver(hangs: true);
        var export = Start($"{Variables(receiver)} {Never} Telemetry:FlushTimeout=00:00:00.2").ShouldNotBeNull();
        Report(export.Loggers.CreateLogger<ExportTests>());

        // Time is the matter here: unbounded, the end takes the exporter's 10 s, and the SDK's own bound is 5 s for each signal in turn.
        await Task.Run(export.Dispose, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(4.5), TestContext.Current.CancellationToken);
        receiver.IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public async Task A_request_is_a_span_with_route_and_status_and_a_question_about_health_is_none()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var receiver = new OtlpReceiver();
        using var spans = new EndedSpans("Microsoft.AspNetCore");
        await using var app = Build(Variables(receiver));
        app.MapHealthEndpoints();
        app.MapGet("/api/things/{id}", (string id) => id == "none" ? Results.NotFound() : Results.Ok(id));
        app.MapGet("/api/failing", string () => throw new InvalidOperationException("as it should"));
        await app.StartAsync(cancel);
        using var http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) };

        foreach (var path in (string[])["api/things/7", "api/things/none", "api/nowhere", "api/failing", "health/live", "page.js", "api/events", "api/runs/r1/events"]) (await http.GetAsync(new Uri(path, UriKind.Relative), cancel)).Dispose();

        await Eventually.UntilAsync(() => spans.All.Count == 8, "eight requests to end");
        spans.All.Where(span => span.Recorded).Select(Describe).ShouldBe(
        [
            "GET /api/things/{id}: /api/things/7, /api/things/{id}, 200, , Unset",
            "GET /api/things/{id}: /api/things/none, /api/things/{id}, 404, , Unset",
            "GET: /api/nowhere, , 404, , Unset",
            "GET /api/failing: /api/failing, /api/failing, 500, System.InvalidOperationException, Error",
        ], ignoreOrder: true);
    }

    private static string Variables(OtlpReceiver receiver) => $"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.Address} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf";

    private static WebApplication Build(string variables)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(Settings.Pairs($"urls=http://127.0.0.1:0 Logging:Console:LogLevel:Default=None {variables}"));
        builder.AddServiceDefaults();
        return builder.Build();
    }

    private static ConsoleTelemetry? Start(string variables) => ConsoleTelemetry.Start("unit", Settings.Of(variables));

    private static string Describe(Activity span) =>
        $"{span.DisplayName}: {span.GetTagItem("url.path")}, {span.GetTagItem("http.route")}, {span.GetTagItem("http.response.status_code")}, {span.GetTagItem("error.type")}, {span.Status}";

    private void Report(ILogger logger)
    {
        _meter.CreateCounter<int>("tally.unit.count").Add(1);
        using var span = _source.StartActivity("the last span");
        logger.LogInformation("the last line");
    }

    private static void ShouldHaveAll(OtlpReceiver receiver)
    {
        receiver.Has("traces", "the last span").ShouldBeTrue();
        receiver.Has("metrics", "tally.unit.count").ShouldBeTrue();
        receiver.Has("logs", "the last line").ShouldBeTrue();
    }

    private sealed class EndedSpans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public EndedSpans(string source)
        {
            // It asks for nothing itself: what is recorded is the export's decision.
            _listener = new ActivityListener { ShouldListenTo = other => other.Name == source, Sample = (ref _) => ActivitySamplingResult.None, ActivityStopped = _ended.Enqueue };
            ActivitySource.AddActivityListener(_listener);
        }

        public ConcurrentQueue<Activity> All => _ended;

        public void Dispose() => _listener.Dispose();
    }
}
