using System.Diagnostics;
using Shouldly;
using Tally.Integration.Tests.Ingest;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults.Telemetry;
using Xunit;

namespace Tally.Integration.Tests.Telemetry;

[Collection(IngestCollection.Name)]
public sealed class TraceTests(IngestServers servers)
{
    private static readonly string[] Names =
    [
        "publish telemetry/{device}", "process telemetry/{device}", "store", "publish stored/{run}",
        "process stored/{run}", "publish acks/{publisher}", "process acks/{publisher}",
    ];

    [Fact]
    public async Task A_sampled_reading_is_followed_through_all_services_and_back()
    {
        using var spans = new Spans();
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        var outcome = await pipeline.RunAsync(5_000, traceEvery: 1_000);
        await pipeline.StopAsync();

        var roots = RootsOf(spans, outcome);
        roots.Count.ShouldBe(5);
        foreach (var root in roots)
        {
            var trace = spans.Of(root.TraceId);
            trace.Select(span => span.OperationName).Order().ShouldBe(Names.Order());
            var byName = trace.ToDictionary(span => span.OperationName);
            ParentsOf(byName).ShouldBe([null, Names[0], Names[1], Names[1], Names[3], Names[4], Names[5]]);
            Names.Select(name => byName[name].Source.Name).ShouldBe(
                ["Tally.SensorSimulator", "Tally.Ingest", "Tally.Ingest", "Tally.Ingest", "Tally.AckResponder", "Tally.AckResponder", "Tally.SensorSimulator"]);
            Names.Select(name => byName[name].Kind).ShouldBe(
                [ActivityKind.Producer, ActivityKind.Consumer, ActivityKind.Client, ActivityKind.Producer, ActivityKind.Consumer, ActivityKind.Producer, ActivityKind.Consumer]);
            Names.Select(name => byName[name].StartTimeUtc).ShouldBeInOrder();
        }
    }

    [Fact]
    public async Task Spans_of_a_reading_are_linked_to_that_of_their_batch_under_which_COPY_stands()
    {
        using var spans = new Spans();
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        var outcome = await pipeline.RunAsync(5_000, traceEvery: 1_000);
        await pipeline.StopAsync();

        foreach (var root in RootsOf(spans, outcome))
        {
            foreach (var span in spans.Of(root.TraceId).Where(span => span.OperationName.StartsWith("process ", StringComparison.Ordinal) || span.OperationName == "store"))
            {
                var batch = spans.Ended.Single(other => other.SpanId == span.Links.Single().Context.SpanId);
                batch.OperationName.ShouldStartWith("process batch ");
                batch.Kind.ShouldBe(ActivityKind.Consumer);
                var first = spans.Ended.Single(other => other.SpanId == batch.ParentSpanId);
                first.OperationName.ShouldBe(batch.OperationName.Replace("process batch ", "process ", StringComparison.Ordinal));
                first.Links.Single().Context.SpanId.ShouldBe(batch.SpanId);
                ((IConvertible)batch.GetTagItem(MqttSpan.BatchMessageCount)!).ToInt64(null).ShouldBeGreaterThan(0);
                if (span.OperationName != "store") continue;
                span.GetTagItem("db.system.name").ShouldBe("postgresql");
                span.GetTagItem("peer.service").ShouldBe("postgresql");

                var copy = spans.Ended.Single(other => other.ParentSpanId == batch.SpanId);
                copy.OperationName.ShouldBe("COPY readings");
                copy.Kind.ShouldBe(ActivityKind.Client);
                copy.GetTagItem("db.system.name").ShouldBe("postgresql");
                copy.GetTagItem("db.collection.name").ShouldBe("readings");
            }
        }
    }

    [Fact]
    public async Task Attributes_follow_the_conventions_and_hold_no_payload()
    {
        using var spans = new Spans();
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        var outcome = await pipeline.RunAsync(100, traceEvery: 100);
        await pipeline.StopAsync();

        var root = RootsOf(spans, outcome).Single();
        var run = outcome.Options.Run;
        root.GetTagItem("messaging.system").ShouldBe("mqtt");
        root.GetTagItem("messaging.operation.name").ShouldBe("publish");
        root.GetTagItem("messaging.operation.type").ShouldBe("send");
        root.GetTagItem("messaging.destination.name").ShouldBe("telemetry/sensor-0001/temperature");
        root.GetTagItem("messaging.destination.template").ShouldBe("telemetry/{device}");
        root.GetTagItem("tally.seq").ShouldBe(1L);
        var trace = spans.Of(root.TraceId);
        trace.Single(span => span.OperationName == "publish stored/{run}").GetTagItem("messaging.destination.name").ShouldBe($"stored/{run}");
        trace.Single(span => span.OperationName == "process telemetry/{device}").GetTagItem("messaging.operation.type").ShouldBe("process");
        foreach (var tag in trace.SelectMany(span => span.TagObjects)) $"{tag.Value}".ShouldNotContain("\"value\"");
    }

    [Fact]
    public async Task With_every_reading_sampled_nothing_breaks_and_the_surplus_is_counted_as_untraced()
    {
        using var spans = new Spans();
        using var counters = new Counters();
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        var outcome = await pipeline.RunAsync(3_000, traceEvery: 1);
        await pipeline.StopAsync();

        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(3_000);
        var roots = RootsOf(spans, outcome);
        roots.Count.ShouldBe(3_000);
        var traced = roots.Count(root => spans.Of(root.TraceId).Count == Names.Length);
        var untraced = roots.Count(root => spans.Of(root.TraceId).Count == 1);
        (traced + untraced).ShouldBe(3_000);
        traced.ShouldBeGreaterThan(0);
        counters["tally.ingest.messages.untraced"].ShouldBeGreaterThanOrEqualTo(untraced);
        untraced.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Nothing_is_traced_where_a_run_wants_no_traces()
    {
        using var spans = new Spans();
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        var outcome = await pipeline.RunAsync(1_000, traceEvery: 0);
        await pipeline.StopAsync();

        RootsOf(spans, outcome).ShouldBeEmpty();
        spans.Ended.ShouldNotContain(span => Equals(span.GetTagItem("messaging.destination.name"), $"stored/{outcome.Options.Run}"));
    }

    private static IReadOnlyList<Activity> RootsOf(Spans spans, RunOutcome outcome) =>
        [.. spans.Ended.Where(span => Equals(span.GetTagItem("tally.run"), outcome.Options.Run))];

    /// <summary>Name of each span's parent, in the order of <see cref="Names"/>.</summary>
    private static IEnumerable<string?> ParentsOf(Dictionary<string, Activity> byName)
    {
        var names = byName.Values.ToDictionary(span => span.SpanId, span => span.OperationName);
        return Names.Select(name => names.GetValueOrDefault(byName[name].ParentSpanId));
    }
}
