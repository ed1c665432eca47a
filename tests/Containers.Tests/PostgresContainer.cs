using System.Net.Sockets;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Tally.Testing;
using Tally.Unit.Tests.Containers;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>PostgreSQL in a container, with the user and the settings that compose.yaml gives it.</summary>
internal sealed class PostgresContainer : IPostgres
{
    private const string Alias = "postgres";
    private const ushort InnerPort = 5432;
    private const string Role = "tally";
    private const string Password = "test";
    private const string Telemetry = "telemetry";

    private readonly int _port = FreePort.Any(); // one that the engine chooses is another one after each start
    private readonly IContainer _container;
    private int _databases;

    private PostgresContainer(INetwork? network)
    {
        var builder = new ContainerBuilder(ThirdPartyImages.OfRepository()["POSTGRES_IMAGE"])
            .WithCreateParameterModifier(parameters => parameters.User = "postgres")
            .WithCommand("postgres", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB")
            .WithEnvironment("POSTGRES_USER", Role)
            .WithEnvironment("POSTGRES_PASSWORD", Password)
            .WithEnvironment("POSTGRES_DB", Telemetry)
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--no-locale --encoding=UTF8")
            .WithPortBinding(_port, InnerPort)
            .WithWaitStrategy(Readiness.Until(TakesConnectionsAsync))
            .WithLogger(NullLogger.Instance);
        if (network is not null) builder = builder.WithNetwork(network).WithNetworkAliases(Alias);
        _container = builder.Build();
    }

    /// <inheritdoc/>
    public string ConnectionString => ConnectionStringOf("postgres");

    /// <summary>Connection string of the database that the services store in.</summary>
    public string Store => ConnectionStringOf(Telemetry);

    /// <summary>The same for containers on its network.</summary>
    public static string InnerStore => ConnectionStringOf(Alias, InnerPort, Telemetry);

    /// <summary>Starts one.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <param name="network">The network that other containers reach it on; null: none does.</param>
    public static async Task<PostgresContainer> StartAsync(CancellationToken cancellationToken, INetwork? network = null)
    {
        var server = new PostgresContainer(network);
        await Readiness.StartAsync(server._container, cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await using var connection = await OpenAsync(cancellationToken);
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        return ConnectionStringOf(name);
    }

    /// <inheritdoc/>
    public Task StopAsync() => _container.StopAsync(TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public Task KillAsync() => ContainerEngine.KillAsync(_container, TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection.ClearAllPools();
        await Readiness.StartAsync(_container, cancellationToken);
    }

    /// <summary>Removes it with its data.</summary>
    public ValueTask DisposeAsync() => _container.DisposeAsync();

    private static string ConnectionStringOf(string host, int port, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = host,
        Port = port,
        Username = Role,
        Password = Password,
        Database = database,
        MaxPoolSize = 20,
    }.ConnectionString;

    private string ConnectionStringOf(string database) => ConnectionStringOf("127.0.0.1", _port, database);

    // By TCP: while the image sets up a new data directory, the server listens on a socket file only.
    private async Task<bool> TakesConnectionsAsync()
    {
        try
        {
            await using var connection = await OpenAsync(TestContext.Current.CancellationToken);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or SocketException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
