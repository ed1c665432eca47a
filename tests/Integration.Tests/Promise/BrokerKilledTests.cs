using Tally.Integration.Tests.Ingest;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Promise;

/// <summary>The broker is killed under publishers that only know PUBACK.</summary>
[Collection(IngestCollection.Name)]
public sealed class BrokerKilledTests(IngestServers servers)
{
    [Fact]
    public async Task What_sleeping_sensors_had_acknowledged_is_stored_however_often_the_broker_is_killed()
    {
        const int Readings = 1_200;
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await broker.UntilSavedAsync();
        var sleepers = new Sleepers(broker);
        var publishing = sleepers.PublishAsync("sleepers", 1, Readings);
        var random = new Random(13);
        for (var kill = 1; kill <= 3; kill++)
        {
            var moment = random.Next((kill - 1) * Readings / 3, kill * Readings / 3);
            await Eventually.UntilAsync(() => sleepers.Acknowledged.Count >= moment, $"{moment} readings to be acknowledged");
            await ingest.UntilReadyAsync(); // what comes between the broker's start and Ingest's is in the broker's memory alone
            await broker.KillAsync();
            await broker.StartAgainAsync(TestContext.Current.CancellationToken);
        }

        await publishing;
        await Eventually.UntilAsync(async () => await StoredAsync(database, "home/sleepers") == Readings, "all readings to be stored");
    }

    [Fact]
    public async Task What_waits_for_an_absent_Ingest_is_on_disk_within_the_interval_and_outlives_the_broker()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString)) await ingest.KillAsync();

        await new Sleepers(broker).PublishAsync("waiting", 1, 200);
        await broker.UntilSavedAsync();
        await broker.KillAsync();
        await broker.StartAgainAsync(TestContext.Current.CancellationToken);
        await broker.KillAsync(); // before anybody is there
        await broker.StartAgainAsync(TestContext.Current.CancellationToken);
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);

        await Eventually.UntilAsync(async () => await StoredAsync(database, "home/waiting") == 200, "all that waited to be stored");
    }

    [Fact]
    public async Task A_change_of_subscriptions_is_on_disk_too()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:Topics=runs/+")) await ingest.StopAsync();
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString)) await ingest.KillAsync();
        await broker.UntilSavedAsync();
        await broker.KillAsync();
        await broker.StartAgainAsync(TestContext.Current.CancellationToken);

        await new Sleepers(broker).PublishAsync("changed", 1, 20);
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);

        await Eventually.UntilAsync(async () => await StoredAsync(database, "home/changed") == 20, "what waited to be stored");
    }

    private static async Task<long> StoredAsync(Database database, string device) =>
        long.Parse((await database.QueryAsync($"SELECT count(DISTINCT value) FROM telemetry WHERE device = '{device}'"))[0], null);
}
