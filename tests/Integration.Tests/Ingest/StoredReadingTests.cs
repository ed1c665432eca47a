using System.Text.Json;
using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

[Collection(IngestCollection.Name)]
public sealed class StoredReadingTests(IngestServers servers)
{
    [Fact]
    public async Task A_notice_says_what_can_be_selected()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        await device.PublishReadingsAsync("r1", "d1", 1, 500);
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 500, "500 readings in notices");

        (await database.CountAsync("readings")).ShouldBe(500);
        viewer.Told(stored: true).First().ShouldBe("acks/test d1/temperature:1");
        viewer.Told(stored: false).ShouldBeEmpty();
        viewer.Arrivals.ShouldAllBe(arrived => arrived.Topic == "stored/r1");
        (await database.ProgressAsync("r1")).ShouldBe("500|500|0|0");
    }

    [Fact]
    public async Task Correlation_data_of_a_stored_reading_stands_in_the_notice()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        await device.PublishAsync("telemetry/d1/temperature", Publisher.Native("r1", 1), responseTopic: "acks/asker", correlation: [1, 2, 255]);

        var notice = await viewer.UntilAsync(arrived => arrived.Topic == "stored/r1", "the notice");
        var reply = JsonDocument.Parse(notice.Text).RootElement.GetProperty("replies")[0];
        reply.GetProperty("to").GetString().ShouldBe("acks/asker");
        reply.GetProperty("correlation").GetBytesFromBase64().ShouldBe(new byte[] { 1, 2, 255 });
        reply.GetProperty("stored").GetBoolean().ShouldBeTrue();
    }
}
