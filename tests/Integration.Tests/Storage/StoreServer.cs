using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

/// <summary>One PostgreSQL for the tests of the store, with a migrated database that each test copies.</summary>
public sealed class StoreServer : IAsyncLifetime
{
    private PostgresServer _server = null!;
    private int _copies;

    /// <summary>The server.</summary>
    public PostgresServer Postgres => _server;

    public async ValueTask InitializeAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        _server = await PostgresServer.StartAsync(cancellation);
        await ExecuteAsync("CREATE DATABASE migrated");
        await Migrator.MigrateAsync(ConnectionStringOf("migrated"), NullLogger.Instance, cancellation);
    }

    /// <summary>A fresh migrated database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateMigratedAsync()
    {
        var name = $"store_{Interlocked.Increment(ref _copies)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE migrated");
        return ConnectionStringOf(name);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private string ConnectionStringOf(string database) =>
        new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Database = database }.ConnectionString;

    private async Task ExecuteAsync(string statement)
    {
        // A template must have no connections, so nothing here may leave one in a pool.
        var settings = new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

/// <summary>Tests that share the server.</summary>
[CollectionDefinition(Name)]
public sealed class StoreCollection : ICollectionFixture<StoreServer>
{
    public const string Name = "store";
}
