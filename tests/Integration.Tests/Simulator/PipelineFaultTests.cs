using Shouldly;
using Tally.Integration.Tests.Contract;
using Tally.Integration.Tests.Ingest;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>The pipeline as processes.</summary>
public sealed class PipelineFaultTests : PipelineContract
{
    [Fact]
    public async Task A_replica_killed_and_retired_in_the_middle_of_a_run_leaves_a_balanced_ledger_and_nothing_behind()
    {
        await using var pipeline = await Pipeline.StartAsync("--Ingest:Instance=ingest-0", Replica.Group);
        var (broker, database) = (pipeline.Broker.AddressOf("ingest"), pipeline.Store.ConnectionString);
        await using var leaves = await Replica.StartReadyAsync(broker, database, "ingest-1");
        var running = pipeline.RunAsync(new RunRequest(30_000, Rate: 3_000) { Quick = true });
        await UntilStoredAsync(pipeline, 5_000, running);

        await leaves.KillAsync();
        var (status, line) = await Replica.RetireAsync(broker, database, "ingest-1");

        status.ShouldBe(0, line);
        running.IsCompleted.ShouldBeFalse("the run went on meanwhile");
        await ShouldBalanceAsync(pipeline, await running, 30_000);
        (await Replica.HasSessionAsync(broker, "ingest-1")).ShouldBeFalse();
    }

    private protected override async Task<IPipeline> StartAsync() => await Pipeline.StartAsync();
}
