using Tally.Integration.Tests.Contract;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>The pipeline as it is deployed: from the images of the Dockerfile, with the deployed broker and database.</summary>
public sealed class PipelineTests : PipelineContract, IClassFixture<ServiceImages>, IAsyncLifetime
{
    private protected override long Readings => 100_000;

    public async ValueTask InitializeAsync()
    {
        if (await ContainerEngine.WhyNotAsync() is { } reason) Assert.Skip(reason);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    [Trait("Category", "Long")] // the waiting is the same as with processes
    public override Task PostgreSQL_away_for_a_minute_costs_at_most_ten_duplicates() => base.PostgreSQL_away_for_a_minute_costs_at_most_ten_duplicates();

    private protected override async Task<IPipeline> StartAsync() => await ContainerPipeline.StartAsync();
}
