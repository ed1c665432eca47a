using Shouldly;
using Tally.Integration.Tests.Ingest;
using Xunit;

namespace Tally.Integration.Tests.Telemetry;

[Collection(IngestCollection.Name)]
public sealed class CounterTests(IngestServers servers)
{
    [Fact]
    public async Task What_is_counted_is_what_the_run_knows()
    {
        await using var pipeline = await TracedPipeline.StartAsync(servers);
        using var counters = new Counters();
        var published = counters.Ask("tally.simulator.readings.published");
        var acknowledged = counters.Ask("tally.simulator.readings.acknowledged");
        var (received, stored) = (counters["tally.ingest.readings.received"], counters["tally.ingest.readings.stored"]);
        var outcome = await pipeline.RunAsync(5_000, traceEvery: 1_000);
        await pipeline.StopAsync();

        // Others count in this process too while this test runs, so what is asked is that nothing of this run is missing.
        outcome.Stored.Count.ShouldBe(5_000);
        (counters.Ask("tally.simulator.readings.published") - published).ShouldBeGreaterThanOrEqualTo(5_000);
        (counters.Ask("tally.simulator.readings.acknowledged") - acknowledged).ShouldBeGreaterThanOrEqualTo(5_000);
        counters.RecordingsOf("tally.simulator.publish_to_acknowledged.duration").ShouldBeGreaterThanOrEqualTo(5_000);
        (counters["tally.ingest.readings.received"] - received).ShouldBe(5_000);
        (counters["tally.ingest.readings.stored"] - stored).ShouldBe(5_000);
        counters["tally.ingest.readings.duplicates"].ShouldBe(0);
        counters["tally.ingest.readings.rejected"].ShouldBe(0);
        counters["tally.ingest.batch.size"].ShouldBeGreaterThanOrEqualTo(5_002); // the readings, two announcements, and notices, which come back with everything else
        counters.RecordingsOf("tally.ingest.batch.flush.duration").ShouldBeGreaterThan(0);
        counters["tally.ingest.messages.unacknowledged"].ShouldBe(0);
    }
}
