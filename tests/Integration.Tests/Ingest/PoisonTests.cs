using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

[Collection(IngestCollection.Name)]
public sealed class PoisonTests(IngestServers servers)
{
    [Fact]
    public async Task Poison_is_kept_answered_and_acknowledged_and_blocks_nothing()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await device.PublishAsync("telemetry/d1/temperature", "{\"run\":\"r1\",\"seq\":1,\"value\":\"hot\"}", responseTopic: "acks/x");
            await device.PublishAsync("telemetry/d1/temperature", "{\"run\":\"r1\",\"seq\":2,\"value\":1}");
            await device.PublishAsync("telemetry/d1/temperature", "{\"value\":");
            await device.PublishAsync("telemetry/d1/temperature", "");
            await device.PublishAsync("telemetry/d1/temperature", "ajar", responseTopic: "acks/x", correlation: [1, 2]);
            await device.PublishAsync("telemetry/d1/temperature", "5\0" + "5");
            await device.PublishAsync($"telemetry/{new string('d', Limits.NameBytes + 1)}/t", "5");
            await device.PublishAsync("runs/r1", "{\"run\":\"r2\"}");
            await device.PublishAsync("telemetry/d1/temperature", new string('[', 500_000));
            await device.PublishAsync("telemetry/d1/temperature", Publisher.Native("r1", 3), responseTopic: "acks/x");
            await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 1, "the good reading's notice");
            await database.UntilCountAsync("dead_letters", 8);
            (await ingest.StopAsync()).ShouldBe(0);
        }

        viewer.Told(stored: true).ShouldBe(["acks/x d1/temperature:3"]);
        viewer.Told(stored: false).ShouldBe(["acks/d1 d1/temperature:2", "acks/x d1/temperature:1"]);
        var reply = JsonDocument.Parse(viewer.Arrivals.Single(arrived => arrived.Text.Contains("correlation")).Text).RootElement.GetProperty("replies")[0];
        reply.GetProperty("to").GetString().ShouldBe("acks/x");
        reply.GetProperty("correlation").GetBytesFromBase64().ShouldBe(new byte[] { 1, 2 });
        reply.GetProperty("stored").GetBoolean().ShouldBeFalse();
        reply.GetProperty("reason").GetString().ShouldBe("no number in the text");
        (await database.ProgressAsync("r1")).ShouldBe("3|1|0|2");

        // Acknowledged: a new life finds nothing to take again.
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await device.PublishAsync("telemetry/d1/temperature", Publisher.Native("r1", 4), responseTopic: "acks/x");
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 2, "the next reading's notice");
        (await database.QueryAsync("SELECT sum(count), count(*) FROM dead_letters")).ShouldBe(["8|8"]);
    }

    [Fact]
    public async Task Poison_that_comes_again_is_one_dead_letter()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        for (var i = 0; i < 3; i++) await device.PublishAsync("home/door", "ajar");
        await Eventually.UntilAsync(async () => (await database.QueryAsync("SELECT sum(count) FROM dead_letters"))[0] == "3", "three copies to be counted");

        (await database.QueryAsync("SELECT topic, convert_from(payload, 'UTF8'), reason, device, metric FROM dead_letters"))
            .ShouldBe(["home/door|ajar|no number in the text|home|door"]);
    }
}
