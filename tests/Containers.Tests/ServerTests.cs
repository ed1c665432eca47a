using Tally.Integration.Tests.Contract;
using Tally.Testing;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>The servers as containers.</summary>
public sealed class ServerTests : ServerContract, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        if (await ContainerEngine.WhyNotAsync() is { } reason) Assert.Skip(reason);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected override async Task<IPostgres> StartPostgresAsync(CancellationToken cancellationToken) => await PostgresContainer.StartAsync(cancellationToken);

    private protected override async Task<IMosquitto> StartMosquittoAsync(CancellationToken cancellationToken) => await MosquittoContainer.StartAsync(cancellationToken);
}
