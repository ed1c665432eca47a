using Shouldly;
using Tally.Integration.Tests.AckResponder;
using Tally.Integration.Tests.Ingest;
using Tally.Integration.Tests.Simulator;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Promise;

/// <summary>Devices cannot take the sessions of services.</summary>
[Collection(IngestCollection.Name)]
public sealed class SessionTests(IngestServers servers)
{
    [Fact]
    public async Task A_device_that_connects_under_every_name_it_can_know_costs_nothing_and_is_named()
    {
        const int Readings = 20_000, Foreign = 2_000;
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        var database = new Database(await servers.CreateMigratedAsync());
        await using (var before = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString)) await before.StopAsync();
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"), "acks/#");
        for (var reading = 0; reading < Foreign; reading++) await device.PublishAsync("home/queued/t", $"{reading}");
        await ConnectAsync(broker, "ingest-1", clean: true); // while all that waits in Ingest's session
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var responder = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await responder.UntilReadyAsync();

        var running = new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(
            Runs.Of(Readings) with { Window = new() }, broker.AddressOf("simulator"), new SilentProgress(), cancel);
        await device.UntilAsync(arrived => arrived.Topic.StartsWith("acks/sim-", StringComparison.Ordinal), "the simulator's first acknowledgement");
        var simulator = device.Arrivals.First(arrived => arrived.Topic.StartsWith("acks/sim-", StringComparison.Ordinal)).Topic["acks/".Length..];
        foreach (var name in (string[])["ingest-1", "ingest-1-notices", "ingest", "ackresponder", "ackresponder-acks", "ackresponder-broker", simulator])
        {
            await ConnectAsync(broker, name, clean: false);
            await ConnectAsync(broker, name, clean: true);
        }

        var outcome = await running;
        outcome.Stored.Count.ShouldBe(Readings);
        outcome.Resent.ShouldBe(0);
        await Eventually.UntilAsync(async () => await database.CountAsync("telemetry WHERE device = 'home/queued'") == Foreign, "what waited to be stored");
        (await responder.GetAsync("/health/ready")).Text.ShouldContain("user 'device' at 127.0.0.1:");
        ingest.Lines.ShouldNotContain(line => line.Contains("closed the connection"));
    }

    [Fact]
    public async Task Two_installations_at_one_broker_have_sessions_of_their_own_and_each_stores_everything()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var (one, other) = (new Database(await servers.CreateMigratedAsync()), new Database(await servers.CreateMigratedAsync()));
        await using var first = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), one.ConnectionString);
        await using var second = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), other.ConnectionString);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        await device.PublishReadingsAsync("r1", "d1", 1, 100);

        await one.UntilCountAsync("readings", 100);
        await other.UntilCountAsync("readings", 100);
        first.Lines.Concat(second.Lines).ShouldNotContain(line => line.Contains("Another client"));
    }

    [Fact]
    public async Task A_second_process_of_one_instance_is_told_apart_and_when_it_leaves_the_first_is_back_at_once()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var first = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using (var second = IngestProcess.Start(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await Eventually.UntilAsync(() => first.Lines.Concat(second.Lines).Any(line => line.Contains("Another client uses id 'ingest-1-")), "one of the two to say it");
            await second.StopAsync();
        }

        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await device.PublishReadingsAsync("r1", "d1", 1, 10);
        await Eventually.UntilAsync(async () => await database.CountAsync("readings") == 10, "it to store as before", TimeSpan.FromSeconds(10));
    }

    private static async Task ConnectAsync(MosquittoServer broker, string clientId, bool clean)
    {
        await using var client = new MqttClient(new MqttClientOptions { Broker = broker.AddressOf("device"), ClientId = clientId, CleanStart = clean }, new Nobody(), null);
        using var stop = new CancellationTokenSource();
        var running = client.RunAsync(stop.Token);
        await Eventually.UntilAsync(() => client.IsReady, $"'{clientId}' to be connected");
        await stop.CancelAsync();
        await running;
    }
}
