using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>What happens between the broker's delivery and Ingest's PUBACK, when something breaks in between.</summary>
[Collection(IngestCollection.Name)]
public sealed class DeliveryTests(IngestServers servers)
{
    [Fact]
    public async Task Duplicates_are_announced_again_and_stored_once()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var first = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await device.PublishReadingsAsync("r1", "d1", 1, 100);
        await Eventually.UntilAsync(() => first.Told(stored: true).Count == 100, "the first notices");

        await using var second = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await device.PublishReadingsAsync("r1", "d1", 1, 100);
        await Eventually.UntilAsync(() => second.Told(stored: true).Count == 100, "the notices about the copies");

        (await database.CountAsync("readings")).ShouldBe(100);
        (await database.ProgressAsync("r1")).ShouldBe("200|100|100|0");
    }

    [Fact]
    public async Task Killed_between_commit_and_PUBACK_it_stores_nothing_twice()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        // Nobody subscribes to notices: for a second Ingest tries again, and has not acknowledged yet.
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await device.PublishReadingsAsync("r1", "d1", 1, 50);
            await database.UntilCountAsync("readings", 50);
            await ingest.KillAsync();
        }

        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 50, "notices about all that was delivered again");

        (await database.CountAsync("readings")).ShouldBe(50);
        (await database.ProgressAsync("r1")).ShouldBe("100|50|50|0");
    }

    [Fact]
    public async Task Foreign_readings_delivered_again_after_the_connection_broke_are_recognised()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:Topics=home/#"); // so that nobody subscribes to notices
        await using (var device = await Publisher.ConnectAsync(broker.AddressOf("device")))
        {
            // Two of them alike: the packet identifier has to tell them apart. Response topics keep them waiting for their notice.
            foreach (var text in (string[])["20", "21", "21"]) await device.PublishAsync("home/hall/temperature", text, responseTopic: "acks/x");
            await database.UntilCountAsync("readings", 3);
            await broker.StopAsync(); // before the PUBACKs: notices are tried for a second
        }

        await broker.StartAgainAsync(TestContext.Current.CancellationToken);
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await ingest.UntilReadyAsync();
        await Eventually.UntilAsync(async () => await database.ProgressAsync("0") == "6|3|3|0", "the copies to be counted as duplicates");

        (await database.ReadingsAsync()).Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_process_that_stood_still_for_longer_than_its_keep_alive_throws_its_batch_away()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "$SYS/broker/clients/connected");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using var ingest = await IngestProcess.StartReadyAsync(
            broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:KeepAlive=00:00:01", "--Ingest:BatchTime=00:00:03", "--Ingest:StallTime=00:00:01");
        await viewer.UntilAsync(arrived => arrived.Text == "4", "the broker to count both sessions of Ingest");
        await device.PublishAsync("home/hall/temperature", "20");
        await ingest.UntilPendingAsync();

        ingest.Pause();
        var before = viewer.Arrivals.Count;
        await Eventually.UntilAsync(() => viewer.Arrivals.Skip(before).Any(arrived => arrived.Text == "2"), "the broker to give up both connections");
        ingest.Resume();

        await database.UntilCountAsync("readings", 1);
        await Eventually.UntilAsync(() => ingest.Lines.Any(line => line.Contains("stood still")), "a line that says so");
        await ingest.UntilReadyAsync();
        (await ingest.StopAsync()).ShouldBe(0);
        (await database.ReadingsAsync()).ShouldBe(["home/hall|temperature||0|own|20|20"]);
        (await database.ProgressAsync("0")).ShouldBe("2|1|0|0"); // received twice, as it was
    }

    [Fact]
    public async Task SIGTERM_stores_announces_and_acknowledges_what_was_received()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:BatchTime=00:00:10", "--Ingest:StallTime=00:00:01"))
        {
            await device.PublishReadingsAsync("r1", "d1", 1, 1000);
            await ingest.UntilPendingAsync();
            (await ingest.StopAsync()).ShouldBe(0);
            ingest.Lines.ShouldContain(line => line.Contains("all that was received is stored and acknowledged"));
        }

        // What it had not received yet it receives in its next life; nothing comes twice.
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 1000, "notices about all");
        (await database.ProgressAsync("r1")).ShouldBe("1000|1000|0|0");
    }
}
