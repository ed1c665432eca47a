using Shouldly;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>The re-send rule against a real broker, with faults: nothing is lost, and copies are few.</summary>
public sealed class ResendTests
{
    // Three parties find the broker again, each after a pause of up to ten seconds where a busy machine starts it slowly.
    private static readonly TimeSpan ReconnectTimeout = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_broker_that_loses_its_memory_loses_no_reading(MqttQos qos)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(6_000) with { Qos = qos, Rate = 3_000 }, progress);

        foreach (var acknowledged in (long[])[1_000, 3_000])
        {
            await Eventually.UntilAsync(() => progress.Last.Acknowledged >= acknowledged, $"{acknowledged} readings to be acknowledged", ReconnectTimeout);
            await broker.KillAsync();
            await broker.StartAgainAsync(cancel, forget: true);
        }

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(6_000);
        ingest.Stored.Count.ShouldBe(6_000);
        progress.Notes.ShouldContain(note => note.Contains("forgot the session"));
        outcome.BrokerDropped.ShouldBeNull(); // its counter started again
    }

    [Fact]
    public async Task A_broker_that_is_restarted_in_an_orderly_way_causes_no_copy()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(6_000, new() { Size = 1_000 }) with { Rate = 3_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 1_000, "1,000 readings to be acknowledged");
        await broker.StopAsync();
        await broker.StartAgainAsync(cancel);

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(6_000);
        outcome.Resent.ShouldBe(outcome.Probes); // the client repeats what has no PUBACK, the window keeps still
        progress.Notes.ShouldContain(note => note.Contains("kept the session"));
    }

    [Fact]
    public async Task A_database_that_is_away_for_six_times_the_probe_time_costs_at_most_ten_copies()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(6_000) with { Rate = 5_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 1_000, "1,000 readings to be acknowledged");

        var database = new TaskCompletionSource();
        ingest.Database = database.Task;
        await Task.Delay(6 * Runs.Quick.ProbeAfter, cancel); // the outage itself: a minute where T is ten seconds
        database.SetResult();

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(6_000);
        outcome.Probes.ShouldBeGreaterThan(0);
        ingest.Duplicates.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public async Task AckResponder_that_was_away_with_its_session_finds_the_notices_and_causes_no_copy_but_probes()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(5_000) with { Rate = 5_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 1_000, "1,000 readings to be acknowledged");

        await responder.DisposeAsync();
        await Eventually.UntilAsync(() => progress.Last.Published - progress.Last.Acknowledged >= 1_000, "the window to be full");
        await using var again = await Responder.StartAsync(broker);

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(5_000);
        outcome.Resent.ShouldBe(outcome.Probes);
    }

    [Fact]
    public async Task AckResponder_that_comes_only_later_is_found_by_a_probe()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        var running = Runs.ExecuteAsync(broker, Runs.Of(3_000));
        await Eventually.UntilAsync(() => ingest.Stored.Count == 1_000, "the window to be stored and its notices to be lost");
        await using var responder = await Responder.StartAsync(broker);

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(3_000);
        ingest.Stored.Count.ShouldBe(3_000);
        outcome.Probes.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task An_Ingest_that_comes_only_later_gets_everything_and_the_broker_is_not_flooded_meanwhile()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(3_000), progress);
        await Eventually.UntilAsync(() => progress.Last.Published > 0, "readings to be published to nobody");
        await Task.Delay(TimeSpan.FromSeconds(1), cancel); // a time in which a loop without pauses would publish thousands
        await using var ingest = await StandInIngest.StartAsync(broker);

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(3_000);
        ingest.Stored.Count.ShouldBe(3_000);
        outcome.Resent.ShouldBeLessThan(3_000);
    }

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task Single_readings_that_vanish_are_noticed_because_later_ones_overtake_them(MqttQos qos)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        ingest.Loses = (_, seq) => seq % 100 == 50;

        var outcome = await Runs.ExecuteAsync(broker, Runs.Of(7_000) with { Qos = qos, Rate = 2_500 });

        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(7_000);
        ingest.Stored.Count.ShouldBe(7_000);
        outcome.Resent.ShouldBeInRange(70, 75); // those that vanished; the last of them may need a probe
        ingest.Duplicates.ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public async Task A_broker_that_stands_still_causes_no_copy_but_probes()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(broker, Runs.Of(6_000) with { Rate = 3_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 1_000, "1,000 readings to be acknowledged");
        broker.Pause();
        await Task.Delay(2 * Runs.Quick.ProbeAfter, cancel); // the standstill itself
        broker.Resume();

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(6_000);
        outcome.Resent.ShouldBe(outcome.Probes);
        ingest.Duplicates.ShouldBeLessThanOrEqualTo(10);
    }
}
