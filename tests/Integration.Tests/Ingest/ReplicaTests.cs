using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>Several instances share one subscription.</summary>
[Collection(IngestCollection.Name)]
public sealed class ReplicaTests(IngestServers servers)
{
    [Fact]
    public async Task Two_replicas_share_the_messages_and_store_what_reaches_both_once()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var first = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");
        await using var second = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        // An odd number: in turns, the copy of each goes to the other one.
        await device.PublishReadingsAsync("r1", "d1", 1, 101);
        await database.UntilCountAsync("readings", 101);
        await device.PublishReadingsAsync("r1", "d1", 1, 101);
        await Eventually.UntilAsync(async () => await database.ProgressAsync("r1") == "202|101|101|0", "the copies to be counted as duplicates");

        (await database.CountAsync("readings")).ShouldBe(101);
        // In turns, but for the notices that are shared too.
        var shares = (First: await ReceivedAsync(database, "ingest-0"), Second: await ReceivedAsync(database, "ingest-1"));
        (shares.First + shares.Second).ShouldBe(202);
        shares.First.ShouldBeInRange(80, 122);
    }

    [Fact]
    public async Task Foreign_readings_and_announcements_come_once_too()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var first = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");
        await using var second = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        for (var value = 1; value <= 20; value++) await device.PublishAsync("home/hall/temperature", $"{value}");
        await database.UntilCountAsync("readings", 20);
        (await first.StopAsync(), await second.StopAsync()).ShouldBe((0, 0)); // each has stored all that it received

        (await database.ReadingsAsync()).Count.ShouldBe(20);
        (await ReceivedAsync(database, "ingest-0")).ShouldBeInRange(5, 15);
    }

    [Fact]
    public async Task What_waits_for_a_killed_replica_is_stored_by_its_next_life()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var first = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var second = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1"))
        {
            await second.KillAsync();
        }

        await device.PublishReadingsAsync("r1", "d1", 1, 100);
        await Eventually.UntilAsync(async () => await database.CountAsync("readings") >= 40, "the other's share");
        (await database.CountAsync("readings")).ShouldBeLessThan(100);
        await using var again = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 100, "notices about all");

        (await database.ProgressAsync("r1")).ShouldBe("100|100|0|0");
        (await ReceivedAsync(database, "ingest-1")).ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData("", "tally")]
    [InlineData("tally", "")]
    [InlineData("tally", "another")]
    public async Task After_the_group_has_changed_each_message_comes_once(string before, string after)
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, $"--Ingest:SharedGroup={before}"))
        {
            await ingest.KillAsync();
        }

        await device.PublishAsync("home/hall/temperature", "1"); // waits in the session, and is delivered once
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, $"--Ingest:SharedGroup={after}");
        await Eventually.UntilAsync(() => again.Lines.Any(line => line.Contains("no longer subscribed")), "the filter to be given up");
        await device.PublishAsync("home/hall/temperature", "2");
        await database.UntilCountAsync("readings", 2);

        (await again.StopAsync()).ShouldBe(0);
        (await database.ReadingsAsync()).ShouldBe(["home/hall|temperature||0|own|1|1", "home/hall|temperature||0|own|2|2"]);
    }

    [Fact]
    public async Task A_filter_that_was_taken_out_delivers_no_more()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await ingest.StopAsync();
        }

        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:Topics=home/#");
        await Eventually.UntilAsync(() => again.Lines.Any(line => line.Contains("no longer subscribed to #")), "the filter to be given up");
        await device.PublishAsync("sensor/hall/temperature", "1");
        await device.PublishAsync("home/hall/temperature", "2");
        await database.UntilCountAsync("readings", 1);

        (await again.StopAsync()).ShouldBe(0);
        (await database.ReadingsAsync()).ShouldBe(["home/hall|temperature||0|own|2|2"]);
    }

    private static async Task<long> ReceivedAsync(Database database, string instance) =>
        long.Parse((await database.QueryAsync($"SELECT sum(received) FROM run_progress WHERE instance = '{instance}'"))[0], null);
}
