using Tally.Integration.Tests.Storage;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

/// <summary>A migrated database of its own, and the service on it.</summary>
[Collection(Name)]
public abstract class QueryApiTest(StoreServer server) : IAsyncLifetime
{
    internal const string Name = "queryapi";

    private protected StoredRuns Runs { get; private set; } = null!;

    private protected QueryApiHost Api { get; private set; } = null!;

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var database = await server.CreateMigratedAsync();
        Runs = new(database);
        Api = await QueryApiHost.StartAsync(database);
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Runs.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Tests that share a server.</summary>
[CollectionDefinition(QueryApiTest.Name)]
public sealed class QueryApiCollection : ICollectionFixture<StoreServer>;
