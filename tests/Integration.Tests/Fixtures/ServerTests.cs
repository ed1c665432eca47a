using Tally.Integration.Tests.Contract;
using Tally.Testing;

namespace Tally.Integration.Tests.Fixtures;

/// <summary>The servers as processes.</summary>
public sealed class ServerTests : ServerContract
{
    private protected override async Task<IPostgres> StartPostgresAsync(CancellationToken cancellationToken) => await PostgresServer.StartAsync(cancellationToken);

    private protected override async Task<IMosquitto> StartMosquittoAsync(CancellationToken cancellationToken) => await MosquittoServer.StartAsync(cancellationToken);
}
