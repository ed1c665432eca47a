using Shouldly;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

public sealed class RunTests
{
    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_run_without_faults_is_acknowledged_whole_without_a_copy_and_the_broker_is_known_to_have_dropped_nothing(MqttQos qos)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        var options = Runs.Of(20_001, new()) with { Qos = qos, DropCounterTimeout = TimeSpan.FromSeconds(30) };

        foreach (var run in (string[])["r1", "r2"]) // a broker that has just started, and one that has been used
        {
            ingest.Stored.Clear();
            var outcome = await Runs.ExecuteAsync(broker, options with { Run = run });

            outcome.End.ShouldBe(RunEnd.Completed);
            outcome.Published.ShouldBe(20_001);
            outcome.Stored.Count.ShouldBe(20_001);
            outcome.Rejected.Count.ShouldBe(0);
            outcome.Resent.ShouldBe(0);
            outcome.Unannounced.ShouldBeEmpty();
            outcome.Latency.Count.ShouldBe(20_001);
            outcome.BrokerDropped.ShouldBe(0);
            ingest.Stored.Count.ShouldBe(20_001);
            ingest.Duplicates.ShouldBe(0);
        }
    }

    [Fact]
    public async Task What_the_broker_drops_during_a_run_is_counted()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel, "max_queued_messages 5\nmax_inflight_messages 5");
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        await AbsentSession.MakeAsync(broker, "telemetry/#", cancel);

        var outcome = await Runs.ExecuteAsync(broker, Runs.Of(50, Runs.Quick with { Size = 1 }) with { DropCounterTimeout = TimeSpan.FromSeconds(30) });

        outcome.BrokerDropped.ShouldBe(45); // the absent session's queue takes five
    }

    [Fact]
    public async Task Rejected_readings_are_known_by_their_identity()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        ingest.Rejects = (topic, seq) => topic == "telemetry/sensor-0003/temperature" && seq % 10 == 0;

        var outcome = await Runs.ExecuteAsync(broker, Runs.Of(700));

        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Rejected.Count.ShouldBe(10);
        for (var seq = 10; seq <= 100; seq += 10) outcome.Rejected.Contains(outcome.Plan.IndexOf(2, seq)).ShouldBeTrue();
        outcome.Stored.CountCommon(outcome.Rejected).ShouldBe(0);
        outcome.Acknowledged.ShouldBe(700);
    }

    [Fact]
    public async Task A_rate_is_kept()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);

        var outcome = await Runs.ExecuteAsync(broker, Runs.Of(101) with { Rate = 50 });

        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Duration.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1.99));
    }

    [Fact]
    public async Task An_interrupted_run_disconnects_and_knows_what_is_outstanding()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        ingest.Database = new TaskCompletionSource().Task;
        using var interrupt = new CancellationTokenSource();
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(5_000), progress, interrupt.Token);
        await Eventually.UntilAsync(() => progress.Last.Published == 1_000, "the window to be full");
        await interrupt.CancelAsync();

        var outcome = await running.WaitAsync(TimeSpan.FromSeconds(5), cancel);
        outcome.End.ShouldBe(RunEnd.Interrupted);
        outcome.Published.ShouldBe(1_000);
        outcome.Acknowledged.ShouldBe(0);
        outcome.Outstanding(100).Total.ShouldBe(1_000);
        outcome.Outstanding(100).Ranges.Count.ShouldBe(7);
    }

    [Fact]
    public async Task A_run_that_nobody_acknowledges_is_given_up()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);

        var outcome = await Runs.ExecuteAsync(broker, Runs.Of(5) with { StallTimeout = TimeSpan.FromSeconds(1) });

        outcome.End.ShouldBe(RunEnd.Stalled);
        outcome.Acknowledged.ShouldBe(0);
    }

    [Fact]
    public async Task A_broker_that_refuses_the_password_ends_the_run_with_a_line_that_says_so()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        var address = new UriBuilder(broker.AddressOf("simulator")) { Password = "wrong" }.Uri;

        var error = await Should.ThrowAsync<RunEnvironmentException>(
            () => new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(Runs.Of(5), address, new SilentProgress(), cancel));
        error.Message.ShouldContain("simulator");
        error.Message.ShouldNotContain("wrong");
    }

    [Fact]
    public async Task A_user_who_may_not_publish_ends_the_run_with_a_line_that_says_so()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel, extraAccess: "\nuser viewer\ntopic deny telemetry/#\n");

        var error = await Should.ThrowAsync<RunEnvironmentException>(
            () => new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(Runs.Of(5), broker.AddressOf("viewer"), new SilentProgress(), cancel));
        error.Message.ShouldContain("telemetry/#");
    }

    [Fact]
    public async Task A_broker_that_is_not_there_ends_the_run_in_time()
    {
        var error = await Should.ThrowAsync<RunEnvironmentException>(() => new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(
            Runs.Of(5) with { ConnectTimeout = TimeSpan.FromSeconds(0.5) }, new Uri("mqtt://127.0.0.1:1"), new SilentProgress(), TestContext.Current.CancellationToken));
        error.Message.ShouldContain("127.0.0.1:1");
    }
}
