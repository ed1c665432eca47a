using Shouldly;
using Tally.Integration.Tests.Ingest;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>The promise of the whole: whatever dies whenever, every reading is stored once, and the ledger shows it.</summary>
public sealed class PipelineFaultTests
{
    [Fact]
    public async Task A_run_without_faults_balances_without_a_copy()
    {
        await using var pipeline = await Pipeline.StartAsync();

        var outcome = await Runs.ExecuteAsync(pipeline.Broker, Runs.Of(20_000, new()) with { DropCounterTimeout = TimeSpan.FromSeconds(30) });

        var ledger = await pipeline.ReckonAsync(outcome);
        ledger.Reasons.ShouldBeEmpty();
        ledger.Store.Received.ShouldBe(20_000);
        ledger.Store.Duplicates.ShouldBe(0);
        ledger.DeliveredAgain.ShouldBe(0);
        outcome.BrokerDropped.ShouldBe(0);
        (await CountAsync(pipeline)).ShouldBe(20_000);
    }

    [Fact]
    public async Task PostgreSQL_away_for_a_minute_costs_at_most_ten_duplicates()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var pipeline = await Pipeline.StartAsync();
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(pipeline.Broker, Runs.Of(40_000, new()) with { Rate = 5_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 10_000, "10,000 readings to be acknowledged");

        await pipeline.Postgres.StopAsync();
        await Task.Delay(TimeSpan.FromMinutes(1), cancel); // the outage itself
        await pipeline.Postgres.StartAgainAsync(cancel);

        var outcome = await running;
        var ledger = await pipeline.ReckonAsync(outcome);
        ledger.Reasons.ShouldBeEmpty();
        ledger.Store.Duplicates.ShouldBeLessThanOrEqualTo(10);
        outcome.Resent.ShouldBeInRange(1, 10); // the outage was noticed, and answered with probes only
        (await CountAsync(pipeline)).ShouldBe(40_000);
    }

    [Fact]
    public async Task A_broker_that_loses_its_memory_loses_no_reading_and_doubles_none()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var pipeline = await Pipeline.StartAsync();
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(pipeline.Broker, Runs.Of(20_000, Quick) with { Rate = 4_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 5_000, "5,000 readings to be acknowledged");

        await pipeline.Broker.KillAsync();
        await pipeline.Broker.StartAgainAsync(cancel, forget: true);

        var outcome = await running;
        (await pipeline.ReckonAsync(outcome)).Reasons.ShouldBeEmpty();
        outcome.BrokerDropped.ShouldBeNull();
        (await CountAsync(pipeline)).ShouldBe(20_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_dies_at_whatever_moment_the_ledger_balances(int seed)
    {
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(seed);
        await using var pipeline = await Pipeline.StartAsync();
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(pipeline.Broker, Runs.Of(30_000, Quick) with { Rate = 3_000 }, progress);

        var faults = Enumerable.Range(0, 6).ToArray();
        random.Shuffle(faults);
        foreach (var (fault, number) in faults.Select((fault, number) => (fault, number)))
        {
            var from = progress.Last.Acknowledged;
            await Eventually.UntilAsync(() => progress.Last.Acknowledged > from + 500 || running.IsCompleted, $"progress before fault {number} ({fault})");
            await Task.Delay(random.Next(200), cancel); // the moment of the fault
            switch (fault)
            {
                case 0 or 1:
                    await pipeline.RestartIngestAsync();
                    break;
                case 2:
                    await pipeline.RestartResponderAsync();
                    break;
                case 3:
                    await pipeline.Postgres.KillAsync();
                    await pipeline.Postgres.StartAgainAsync(cancel);
                    break;
                case 4:
                    await pipeline.Broker.KillAsync();
                    await pipeline.Broker.StartAgainAsync(cancel, forget: true);
                    break;
                default:
                    await pipeline.Broker.StopAsync();
                    await pipeline.RestartIngestAsync();
                    await pipeline.Broker.StartAgainAsync(cancel);
                    break;
            }
        }

        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        (await pipeline.ReckonAsync(outcome)).Reasons.ShouldBeEmpty();
        (await CountAsync(pipeline)).ShouldBe(30_000);
    }

    [Fact]
    public async Task A_replica_killed_and_retired_in_the_middle_of_a_run_leaves_a_balanced_ledger_and_nothing_behind()
    {
        await using var pipeline = await Pipeline.StartAsync("--Ingest:Instance=ingest-0", Replica.Group);
        var (broker, database) = (pipeline.Broker.AddressOf("ingest"), pipeline.Store.ConnectionString);
        await using var leaves = await Replica.StartReadyAsync(broker, database, "ingest-1");
        var progress = new SilentProgress();
        var running = Runs.ExecuteAsync(pipeline.Broker, Runs.Of(30_000, Quick) with { Rate = 3_000 }, progress);
        await Eventually.UntilAsync(() => progress.Last.Acknowledged >= 5_000, "5,000 readings to be acknowledged");

        await leaves.KillAsync();
        var (status, line) = await Replica.RetireAsync(broker, database, "ingest-1");

        status.ShouldBe(0, line);
        running.IsCompleted.ShouldBeFalse("the run went on meanwhile");
        var outcome = await running;
        outcome.End.ShouldBe(RunEnd.Completed);
        (await pipeline.ReckonAsync(outcome)).Reasons.ShouldBeEmpty();
        (await CountAsync(pipeline)).ShouldBe(30_000);
        (await Replica.HasSessionAsync(broker, "ingest-1")).ShouldBeFalse();
    }

    /// <summary>Enough of the times for Ingest to start again within a probe or two.</summary>
    private static WindowOptions Quick => Runs.Quick with { Size = 2_000, ProbeAfter = TimeSpan.FromSeconds(2), OvertakenAfter = TimeSpan.FromSeconds(2) };

    /// <summary>Rows and different identities, by SQL; both have to be the same.</summary>
    private static async Task<long> CountAsync(Pipeline pipeline)
    {
        var row = (await pipeline.Store.QueryAsync("SELECT count(*), count(DISTINCT (run_id, series_id, seq)) FROM readings")).ShouldHaveSingleItem().Split('|');
        row[1].ShouldBe(row[0]);
        return long.Parse(row[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
