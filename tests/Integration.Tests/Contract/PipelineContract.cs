using System.Globalization;
using Shouldly;
using Tally.SensorSimulator.Ledgers;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Contract;

/// <summary>The promise of the whole: whatever dies whenever, every reading is stored once, and the ledger shows it.</summary>
public abstract class PipelineContract
{
    private static readonly TimeSpan LedgerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Readings of the run without faults.</summary>
    private protected virtual long Readings => 20_000;

    private protected abstract Task<IPipeline> StartAsync();

    [Fact]
    public async Task A_run_without_faults_balances_without_a_copy()
    {
        await using var pipeline = await StartAsync();

        var run = await pipeline.RunAsync(new RunRequest(Readings));

        await ShouldBalanceAsync(pipeline, run, Readings);
        run.Report.Received.ShouldBe(Readings); // nothing was delivered again
        run.Report.Duplicates.ShouldBe(0);
        run.Report.BrokerDropped.ShouldBe(0);
    }

    [Fact]
    public virtual async Task PostgreSQL_away_for_a_minute_costs_at_most_ten_duplicates()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var pipeline = await StartAsync();
        var running = pipeline.RunAsync(new RunRequest(40_000, Rate: 5_000));
        await UntilStoredAsync(pipeline, 10_000, running);

        await pipeline.Postgres.StopAsync();
        await Task.Delay(TimeSpan.FromMinutes(1), cancel); // the outage itself
        await pipeline.Postgres.StartAgainAsync(cancel);

        var run = await running;
        await ShouldBalanceAsync(pipeline, run, 40_000);
        run.Report.Duplicates.ShouldNotBeNull().ShouldBeLessThanOrEqualTo(10);
        run.Report.Resent.ShouldBeInRange(1, 10); // the outage was noticed, and answered with probes only
    }

    [Fact]
    public async Task A_broker_that_loses_its_memory_loses_no_reading_and_doubles_none()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var pipeline = await StartAsync();
        var running = pipeline.RunAsync(new RunRequest(20_000, Rate: 4_000) { Quick = true });
        await UntilStoredAsync(pipeline, 5_000, running);

        await pipeline.Broker.KillAsync();
        await pipeline.Broker.StartAgainAsync(cancel, forget: true);

        var run = await running;
        await ShouldBalanceAsync(pipeline, run, 20_000);
        run.Report.BrokerDropped.ShouldBeNull();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_dies_at_whatever_moment_the_ledger_balances(int seed)
    {
        var cancel = TestContext.Current.CancellationToken;
        var random = new Random(seed);
        await using var pipeline = await StartAsync();
        var running = pipeline.RunAsync(new RunRequest(30_000, Rate: 3_000) { Quick = true });

        var faults = Enumerable.Range(0, 6).ToArray();
        random.Shuffle(faults);
        foreach (var fault in faults)
        {
            await UntilStoredAsync(pipeline, await pipeline.Store.CountAsync("readings") + 500, running);
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

        await ShouldBalanceAsync(pipeline, await running, 30_000);
    }

    /// <summary>Waits until so many readings are stored, or the run is over.</summary>
    private protected static Task UntilStoredAsync(IPipeline pipeline, long readings, Task running) => Eventually.UntilAsync(
        async () => running.IsCompleted || await pipeline.Store.CountAsync("readings") >= readings, $"{readings} readings to be stored");

    /// <summary>The simulator, QueryApi and the table itself, asked by SQL that knows nothing of the services, agree on every reading.</summary>
    private protected static async Task ShouldBalanceAsync(IPipeline pipeline, RunResult run, long readings)
    {
        run.Report.Balanced.ShouldBeTrue(run.Text);
        run.Report.Published.ShouldBe(readings);

        var ledger = await new LedgerClient(pipeline.Api, LedgerTimeout).GetAsync(run.Report.Run, TestContext.Current.CancellationToken);
        ledger.Published.ShouldBe(readings);
        ledger.Distinct.ShouldBe(readings);
        ledger.MissingTotal.ShouldBe(0);

        var row = (await pipeline.Store.QueryAsync("SELECT count(*), count(DISTINCT (run_id, series_id, seq)) FROM readings")).ShouldHaveSingleItem();
        row.ShouldBe(string.Create(CultureInfo.InvariantCulture, $"{readings}|{readings}"));
    }
}
