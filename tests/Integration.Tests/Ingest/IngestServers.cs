using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>One PostgreSQL for the tests of Ingest, with a migrated database that each test copies.</summary>
public sealed class IngestServers : IAsyncLifetime
{
    private int _copies;

    public PostgresServer Postgres { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Postgres = await PostgresServer.StartAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync("CREATE DATABASE migrated");
        await Migrator.MigrateAsync(ConnectionStringOf("migrated"), NullLogger.Instance, TestContext.Current.CancellationToken);
    }

    /// <summary>A fresh migrated database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateMigratedAsync()
    {
        var name = $"ingest_{Interlocked.Increment(ref _copies)}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE migrated");
        return ConnectionStringOf(name);
    }

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    private string ConnectionStringOf(string database) =>
        new NpgsqlConnectionStringBuilder(Postgres.ConnectionString) { Database = database, Pooling = false }.ConnectionString;

    private async Task ExecuteAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(ConnectionStringOf("postgres")); // without a pool: a template must have no connections
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

/// <summary>Tests that share the server.</summary>
[CollectionDefinition(Name)]
public sealed class IngestCollection : ICollectionFixture<IngestServers>
{
    public const string Name = "ingest";
}
