using System.Net;
using System.Net.Sockets;
using Shouldly;
using Tally.AppHost.Running;
using Tally.Testing;
using Xunit;

namespace Tally.EndToEnd.Tests;

public sealed class DashboardTests : IDisposable
{
    private const int Producer = 4;
    private const int Consumer = 5;
    private const int Client = 3;

    // Sent once a second, and taken at once; the rest is for a machine that runs other tests too.
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromSeconds(30);

    private static readonly (string Service, string Name, int Kind, string? Parent)[] Hops =
    [
        ("simulator", "publish telemetry/{device}", Producer, null),
        ("ingest", "process telemetry/{device}", Consumer, "publish telemetry/{device}"),
        ("ingest", "store", Client, "process telemetry/{device}"),
        ("ingest", "publish stored/{run}", Producer, "process telemetry/{device}"),
        ("ackresponder", "process stored/{run}", Consumer, "publish stored/{run}"),
        ("ackresponder", "publish acks/{publisher}", Producer, "process stored/{run}"),
        ("simulator", "process acks/{publisher}", Consumer, "publish acks/{publisher}"),
    ];

    private readonly LocalDataDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public async Task After_a_run_it_shows_each_sampled_reading_on_its_way_through_all_services_and_back(int messages)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var app = AppHostProcess.StartWithDashboard("--messages", $"{messages}", "--data", _data.Path);
        await app.UntilAsync("The run ended with status 0");
        using var dashboard = new DashboardApi(app.Dashboard);

        var (spans, traces) = await TracesAsync(dashboard, count: messages / 1_000, cancel);

        foreach (var trace in traces)
        {
            trace.Select(span => (span.Service, span.Name, span.Kind, ParentIn(trace, span)?.Name)).ShouldBe(Hops);
            trace.Single(span => span.Name == "store").Attributes["peer.service"].ShouldBe("postgresql");
            trace.ShouldAllBe(span => span.End >= span.Start);
            var batch = spans.Single(span => span.SpanId == trace.Single(span => span.Name == "store").Links.ShouldHaveSingleItem());
            batch.Name.ShouldBe("process batch telemetry/{device}");
            spans.ShouldContain(span => span.ParentSpanId == batch.SpanId && span.Name == "COPY readings");
        }

        // Nothing else: no probe, no file of the page, no stream, no batch by itself. The ledger is a request of its own.
        spans.Where(span => span.ParentSpanId is null).Select(span => span.Name).Distinct().ShouldBeSubsetOf([Hops[0].Name, "GET"]);

        traces.Select(trace => trace[0].Attributes["tally.run"]).Distinct().ShouldHaveSingleItem();
        foreach (var service in (string[])["simulator", "ingest", "ackresponder", "queryapi"])
        {
            await Eventually.UntilAsync(
                async () => (await dashboard.ResourcesAsync(cancel)).GetValueOrDefault(service) is { HasMetrics: true, HasLogs: true }, $"metrics and logs of {service}");
        }

        (await dashboard.TracesOfLogsAsync(cancel)).ShouldBeSubsetOf(spans.Select(span => span.TraceId).ToHashSet());

        app.Send(Signal.Interrupt);
        (await app.ExitWithAllAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task On_ports_that_are_taken_it_chooses_others_and_it_ends_with_an_AppHost_that_is_killed()
    {
        using var page = Take(18888);
        using var receiver = Take(4317);
        await using var app = AppHostProcess.StartWithDashboard("--messages", "1000", "--data", _data.Path);
        await app.UntilAsync("The run ended with status 0");
        await app.UntilAsync($"Port 18888 is taken, so the dashboard is on {app.Dashboard.Port}.");
        await app.UntilAsync("Port 4317 is taken, so its receiver of telemetry is on ");
        app.Running().ShouldContain(process => process.CommandLine.Contains("Aspire.Dashboard", StringComparison.Ordinal));

        app.Send(Signal.Kill);

        await app.UntilNothingIsLeftAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>The traces of sampled readings, each in the order of time, once so many are complete; and all spans that there are then.</summary>
    private static async Task<(IReadOnlyList<DashboardSpan> Spans, List<List<DashboardSpan>> Traces)> TracesAsync(DashboardApi dashboard, int count, CancellationToken cancellationToken)
    {
        IReadOnlyList<DashboardSpan> spans = [];
        List<List<DashboardSpan>> traces = [];
        await Eventually.UntilAsync(
            async () =>
            {
                spans = await dashboard.SpansAsync(cancellationToken);
                traces =
                [
                    .. from span in spans
                       group span by span.TraceId into trace
                       where trace.Any(span => span.Attributes.ContainsKey("tally.run"))
                       select trace.Where(span => !IsOfBatch(span)).OrderBy(span => span.Start).ToList(),
                ];
                return traces.Count(trace => trace.Count == Hops.Length) == count;
            },
            $"{count} traces of {Hops.Length} spans",
            ArrivalTimeout);
        return (spans, traces);
    }

    // They stand in the trace of their first reading.
    private static bool IsOfBatch(DashboardSpan span) => span.Name == "COPY readings" || span.Name.StartsWith("process batch ", StringComparison.Ordinal);

    private static DashboardSpan? ParentIn(List<DashboardSpan> trace, DashboardSpan span) => trace.Find(other => other.SpanId == span.ParentSpanId);

    // Null: somebody else has it, which is as good.
    private static TcpListener? Take(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}
