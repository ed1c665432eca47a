using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary><c>Ingest retire</c>: an instance leaves for good, and nothing is left behind.</summary>
[Collection(IngestCollection.Name)]
public sealed class RetireTests(IngestServers servers)
{
    [Fact]
    public async Task What_waits_for_a_killed_replica_is_stored_and_told_and_nothing_waits_for_it_afterwards()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using var stays = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");
        await using (var leaves = await Replica.StartReadyAsync(
            broker.AddressOf("ingest"), database.ConnectionString, "ingest-1", "--Ingest:BatchTime=00:00:10", "--Ingest:StallTime=00:00:01"))
        {
            // It dies with readings received and not stored; then more come for it.
            await device.PublishReadingsAsync("r1", "d1", 1, 2_000);
            await leaves.UntilPendingAsync();
            await leaves.KillAsync();
        }

        await device.PublishReadingsAsync("r1", "d1", 2_001, 5_000);
        await Eventually.UntilAsync(async () => await database.CountAsync("readings") > 2_000, "most of the other's share to be stored");
        var left = await Replica.ClientIdAsync(database, "ingest-1");

        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");

        await database.UntilCountAsync("readings", 5_000);
        var drained = long.Parse((await database.QueryAsync("SELECT sum(stored) FROM run_progress WHERE instance = 'ingest-1'"))[0], null);
        drained.ShouldBeInRange(2_000, 3_000);
        (status, line).ShouldBe((0, $"Retired 'ingest-1': {drained} readings drained ({drained} stored, 0 stored before, 0 rejected); its sessions have ended."));
        (await database.ProgressAsync("r1")).ShouldBe("5000|5000|0|0");
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 5_000, "notices about all");

        await device.PublishReadingsAsync("r2", "d1", 1, 100);
        await Eventually.UntilAsync(async () => await ProgressOfAsync(database, "r2") == "ingest-0|100", "all of the next run to reach the one that stays");
        (await Replica.HasSessionAsync(broker.AddressOf("ingest"), left)).ShouldBeFalse();
        (await Replica.HasSessionAsync(broker.AddressOf("ingest"), $"{left}-notices")).ShouldBeFalse();
        (await database.QueryAsync("SELECT instance FROM ingest_sessions")).ShouldBe(["ingest-0"]);
    }

    [Fact]
    public async Task A_replica_that_was_stopped_in_an_orderly_way_is_retired_while_messages_keep_coming()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using var stays = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");
        await using (var leaves = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1"))
        {
            (await leaves.StopAsync()).ShouldBe(0);
        }

        using var enough = new CancellationTokenSource();
        var publishing = PublishUntilAsync(device, enough.Token);
        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");
        await enough.CancelAsync();
        var published = await publishing;

        status.ShouldBe(0, line);
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == published, $"notices about all {published}");
        (await database.CountAsync("readings")).ShouldBe(published);
    }

    [Fact]
    public async Task Filters_of_an_earlier_configuration_are_ended_although_the_command_does_not_name_them()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var leaves = await IngestProcess.StartReadyAsync(
            broker.AddressOf("ingest"), database.ConnectionString, "--Ingest:Instance=ingest-7", "--Ingest:SharedGroup=of-old", "--Ingest:Presets=-seeds", "--Ingest:Sources:0:Topic=home/+/temperature"))
        {
            await leaves.KillAsync();
        }

        await device.PublishAsync("home/hall/temperature", "20");

        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-7");

        (status, line).ShouldBe((0, "Retired 'ingest-7': 1 readings drained (1 stored, 0 stored before, 0 rejected); its sessions have ended."));
        (await database.CountAsync("ingest_sessions")).ShouldBe(0);
    }

    [Fact]
    public async Task An_instance_that_still_runs_is_left_alone_and_the_line_says_so()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");

        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-0");

        status.ShouldBe(3);
        line.ShouldStartWith("Ingest: 'ingest-0' is not retired: ");
        line.ShouldContain($"closed the connection of client id '{await Replica.ClientIdAsync(database, "ingest-0")}-notices'");
        line.ShouldEndWith("If 'ingest-0' still runs, stop it first. (nothing has changed; retire it again)");
        ingest.Lines.Count(text => text.Contains("closed the connection")).ShouldBe(1, "it is disturbed once, and only where notices go");
        await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "stored/+");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await device.PublishReadingsAsync("r1", "d1", 1, 10);
        await Eventually.UntilAsync(() => viewer.Told(stored: true).Count == 10, "it to store and tell as before");
    }

    [Fact]
    public async Task An_instance_that_broker_or_database_do_not_know_has_nothing_to_drain()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        (await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-9"))
            .ShouldBe((0, "Nothing to retire: no 'ingest-9' has lived on this database, or it is retired."));
        var client = await Replica.RememberAsync(database, "ingest-9");

        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-9");

        (status, line).ShouldBe((0, "Retired 'ingest-9': 0 readings drained; the broker had no session of that name."));
        (await Replica.HasSessionAsync(broker.AddressOf("ingest"), client)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_refused_password_is_one_line_and_exit_status_3()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var wrong = new UriBuilder(broker.AddressOf("ingest")) { Password = "wrong" }.Uri;
        var database = new Database(await servers.CreateMigratedAsync());
        await Replica.RememberAsync(database, "ingest-1");

        var (status, line) = await Replica.RetireAsync(wrong, database.ConnectionString, "ingest-1");

        status.ShouldBe(3);
        line.ShouldStartWith("Ingest: 'ingest-1' is not retired: Broker ");
        line.ShouldContain("NotAuthorized");
    }

    [Fact]
    public async Task A_database_that_is_away_is_one_line_and_exit_status_3()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);

        var (status, line) = await Replica.RetireAsync(
            broker.AddressOf("ingest"), $"Host=127.0.0.1;Port={FreePort.Any()};Username=x;Database=x", "ingest-1");

        status.ShouldBe(3);
        line.ShouldContain("connection refused");
    }

    [Fact]
    public async Task A_broker_that_stays_away_is_waited_for_as_long_as_configured()
    {
        var database = new Database(await servers.CreateMigratedAsync());
        await Replica.RememberAsync(database, "ingest-1");
        await using var retire = IngestProcess.Start(
            new Uri($"mqtt://127.0.0.1:{FreePort.Any()}"), database.ConnectionString, "retire", "--instance=ingest-1", "--Retire:Timeout=00:00:03");

        (await retire.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken)).ShouldBe(3);
        retire.Lines.Count.ShouldBe(2);
        retire.Lines.First().ShouldContain("Trying again for up to 00:00:03");
        retire.Lines.Last().ShouldStartWith("Ingest: 'ingest-1' is not retired: nothing has moved for 3 s: Broker ");
    }

    [Fact]
    public async Task A_database_that_goes_away_while_draining_ends_it_and_what_waits_waits_on()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var postgres = await PostgresServer.StartAsync(cancel);
        var database = new Database(await postgres.CreateDatabaseAsync(cancel));
        await using (var migrate = IngestProcess.StartBare("migrate", $"--ConnectionStrings:telemetry={database.ConnectionString}"))
        {
            (await migrate.Exited).ShouldBe(0);
        }

        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await using (var leaves = await Replica.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1"))
        {
            (await leaves.StopAsync()).ShouldBe(0);
        }

        await device.PublishReadingsAsync("r1", "d1", 1, 100);
        await using (var retire = IngestProcess.Start(
            broker.AddressOf("ingest"), database.ConnectionString,
            "retire", "--instance", "ingest-1", "--Ingest:BatchTime=00:00:03", "--Retire:Watch=00:00:00.5", "--Retire:Timeout=00:00:05"))
        {
            await using var viewer = await Publisher.ConnectAsync(broker.AddressOf("viewer"), "$SYS/broker/clients/connected");
            await viewer.UntilAsync(arrived => arrived.Text == "4", "the broker to count both of its sessions");
            await postgres.StopAsync();
            (await retire.Exited.WaitAsync(Eventually.Timeout, cancel)).ShouldBe(3);
            retire.Lines.Last().ShouldContain("retire it again, or restart 'ingest-1', which is not subscribed any more");
        }

        await postgres.StartAgainAsync(cancel);
        var (status, line) = await Replica.RetireAsync(broker.AddressOf("ingest"), database.ConnectionString, "ingest-1");
        (status, line).ShouldBe((0, "Retired 'ingest-1': 100 readings drained (100 stored, 0 stored before, 0 rejected); its sessions have ended."));
    }

    private static async Task<int> PublishUntilAsync(Publisher device, CancellationToken enough)
    {
        var published = 0;
        for (; !enough.IsCancellationRequested; published += 50) await device.PublishReadingsAsync("r1", "d1", published + 1, published + 50);
        return published;
    }

    private static async Task<string> ProgressOfAsync(Database database, string run) => string.Join(',', await database.QueryAsync(
        $"SELECT instance, received FROM run_progress JOIN runs ON id = run_id WHERE name = '{run}' AND received > 0"));
}
