using System.Text.Json;
using Shouldly;
using Tally.Integration.Tests.AckResponder;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>What a user of the command line sees: lines and exit statuses.</summary>
public sealed class CommandTests
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:1");

    [Fact]
    public async Task A_run_shows_its_progress_and_a_ledger_that_balances()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var pipeline = await Pipeline.StartAsync();
        var report = Path.Combine(Directory.CreateTempSubdirectory("tally").FullName, "report.json");
        await using var simulator = SimulatorProcess.Start(
            pipeline.Broker.AddressOf("simulator"), pipeline.Api, "run", "--messages", "30000", "--run", "first", "--report", report);

        (await simulator.Exited).ShouldBe(0, string.Join('\n', simulator.Lines));
        simulator.Lines.Count(line => line.StartsWith("published ", StringComparison.Ordinal)).ShouldBeInRange(1, 3);
        simulator.Lines.ShouldContain(line => line.StartsWith("balanced", StringComparison.Ordinal));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(report, cancel));
        json.RootElement.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        json.RootElement.GetProperty("stored").GetInt64().ShouldBe(30_000);
        json.RootElement.GetProperty("brokerDropped").GetInt64().ShouldBe(0);
        Directory.Delete(Path.GetDirectoryName(report)!, recursive: true);

        // The same name again would be the same identities with other times.
        await using var again = SimulatorProcess.Start(pipeline.Broker.AddressOf("simulator"), pipeline.Api, "--messages", "10", "--run", "first");
        (await again.Exited).ShouldBe(2);
        again.Lines.ShouldHaveSingleItem().ShouldContain("--run is 'first'");
    }

    [Fact]
    public async Task A_store_that_lost_a_row_is_found_out()
    {
        await using var pipeline = await Pipeline.StartAsync();
        await pipeline.Store.QueryAsync(
            """
            CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER lose BEFORE INSERT ON readings FOR EACH ROW WHEN (NEW.seq = 7) EXECUTE FUNCTION lose();
            """);
        await using var simulator = SimulatorProcess.Start(
            pipeline.Broker.AddressOf("simulator"), pipeline.Api, "--messages", "1000", "--devices", "2");

        (await simulator.Exited).ShouldBe(1, string.Join('\n', simulator.Lines));
        simulator.Lines.ShouldContain("NOT balanced:");
        simulator.Lines.ShouldContain("  missing: sensor-0001 7");
        simulator.Lines.ShouldContain("  missing: sensor-0002 7");
    }

    [Fact]
    public async Task Ctrl_C_ends_a_run_with_what_is_outstanding()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await AbsentSession.MakeAsync(broker, "telemetry/#", cancel); // somebody subscribes, nobody answers
        await using var simulator = SimulatorProcess.Start(broker.AddressOf("simulator"), Nowhere, "--messages", "100", "--devices", "3");
        await Eventually.UntilAsync(() => simulator.Lines.Count > 0, "the first line");
        await UntilQueuedAsync(broker, 100);
        simulator.Interrupt();

        (await simulator.Exited.WaitAsync(TimeSpan.FromSeconds(5), cancel)).ShouldBe(130);
        simulator.Lines.Last().ShouldStartWith(
            "Interrupted with 100 published, 0 acknowledged, 100 outstanding: sensor-0001 1-34, sensor-0002 1-33, sensor-0003 1-33; not acknowledged that the run has started");
    }

    [Fact]
    public async Task A_broker_or_an_API_that_is_not_there_is_said_in_one_line_with_status_3()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var noBroker = SimulatorProcess.Start(new Uri("mqtt://127.0.0.1:1"), Nowhere, "--connect-timeout", "300ms");
        (await noBroker.Exited).ShouldBe(3);
        noBroker.Lines.Count.ShouldBe(2);
        noBroker.Lines.Last().ShouldContain("127.0.0.1:1");

        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        await using var noApi = SimulatorProcess.Start(broker.AddressOf("simulator"), Nowhere, "--messages", "10", "--api-timeout", "1s");
        (await noApi.Exited).ShouldBe(3);
        noApi.Lines.Last().ShouldContain("http://127.0.0.1:1/");
    }

    [Theory]
    [InlineData("--nonsense", "--nonsense")]
    [InlineData("--messages=many", "--messages is 'many'")]
    [InlineData("--qos=3", "--qos is '3'")]
    public async Task A_mistake_on_the_command_line_is_said_in_one_line_with_status_2(string argument, string said)
    {
        await using var simulator = SimulatorProcess.Start(new Uri("mqtt://127.0.0.1:1"), Nowhere, argument);
        (await simulator.Exited).ShouldBe(2);
        simulator.Lines.ShouldHaveSingleItem().ShouldContain(said);
    }

    [Fact]
    public async Task Without_a_broker_in_arguments_or_environment_it_says_what_to_give()
    {
        await using var simulator = SimulatorProcess.StartBare("--api", "http://127.0.0.1:1");
        (await simulator.Exited).ShouldBe(2);
        simulator.Lines.ShouldHaveSingleItem().ShouldContain("ConnectionStrings__mqtt");
    }

    [Fact]
    public async Task Watch_ends_with_its_total_on_Ctrl_C()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var watch = SimulatorProcess.Start(broker.AddressOf("viewer"), Nowhere, "watch", "$SYS/broker/uptime");
        await Eventually.UntilAsync(() => watch.Lines.Count >= 2, "two messages of the broker");
        watch.Lines.First().ShouldContain("$SYS/broker/uptime QoS");
        watch.Interrupt();

        (await watch.Exited.WaitAsync(TimeSpan.FromSeconds(5), cancel)).ShouldBe(0);
        watch.Lines.Last().ShouldEndWith(" messages");
    }

    /// <summary>Until the broker has taken that many readings.</summary>
    private static async Task UntilQueuedAsync(MosquittoServer broker, int count)
    {
        await using var viewer = await Party.JoinAsync(broker.AddressOf("viewer"), "viewer", "$SYS/broker/publish/messages/received");
        await Eventually.UntilAsync(
            () => viewer.Arrived.Any(arrived => int.Parse(arrived.Payload, System.Globalization.CultureInfo.InvariantCulture) >= count),
            $"the broker to have taken {count} readings");
    }
}
