using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Tally.AppHost.Infrastructure;

/// <summary>The database of the store, in a server that is a container or a program of this machine.</summary>
/// <param name="server">The server.</param>
/// <param name="endpoint">Where the server listens.</param>
/// <param name="password">Password of <see cref="PostgresCluster.Owner"/>.</param>
internal sealed class TelemetryDatabase(IResource server, EndpointReference endpoint, ParameterResource password)
    : Resource(DatabaseName), IResourceWithConnectionString, IResourceWithWaitSupport, IResourceWithParent
{
    /// <summary>Its name, the resource's and the connection string's.</summary>
    public const string DatabaseName = "telemetry";

    /// <summary>A role that may read everything and change nothing.</summary>
    public const string Reader = "tally_reader";

    /// <inheritdoc/>
    public IResource Parent => server;

    /// <summary>Where the server listens.</summary>
    public EndpointReference Endpoint => endpoint;

    // With PostgresSettings.MaxConnections: three services may fill their pools.
    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={endpoint.Property(EndpointProperty.IPV4Host)};Port={endpoint.Property(EndpointProperty.Port)};Username={PostgresCluster.Owner};Password={password};Database={DatabaseName};Maximum Pool Size=20");

    /// <summary>Opens a connection to one of the server's databases.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken)
    {
        // Not pooled: an idle connection would be one that a restart of the server breaks.
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = endpoint.Port, Username = PostgresCluster.Owner, Password = await password.GetValueAsync(cancellationToken),
            Database = database, Pooling = false, Timeout = 5,
        };
        var connection = new NpgsqlConnection(settings.ConnectionString);
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

    /// <summary>What is missing until a database answers a query; null: nothing.</summary>
    public async Task<string?> WhatIsMissingAsync(string database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await OpenAsync(database, cancellationToken);
            await using var query = new NpgsqlCommand("SELECT 1", connection);
            await query.ExecuteScalarAsync(cancellationToken);
            return null;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return $"it answers no query: {error.Message}"; // not there, starting up, recovering or shutting down
        }
    }

    /// <summary>Makes the database and the role that may only read, where they are not there.</summary>
    /// <param name="readerPassword">Password of <see cref="Reader"/>: letters and digits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task MakeAsync(string readerPassword, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync("postgres", cancellationToken);
        await using var ask = new NpgsqlCommand($"SELECT count(*) FROM pg_database WHERE datname = '{DatabaseName}'", connection);
        if (await ask.ExecuteScalarAsync(cancellationToken) is 0L)
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {DatabaseName}", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var role = new NpgsqlCommand(
            $"""
             DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{Reader}') THEN CREATE ROLE {Reader} LOGIN; END IF; END $$;
             ALTER ROLE {Reader} PASSWORD '{readerPassword}';
             GRANT pg_read_all_data TO {Reader};
             """,
            connection);
        await role.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Adds PostgreSQL and the database.</summary>
internal static class PostgresExtensions
{
    private const string ServerName = "postgres";
    private const string EndpointName = "tcp";

    /// <summary>Adds the server as a container, and the database.</summary>
    public static IResourceBuilder<TelemetryDatabase> AddPostgresContainer(
        this IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, string readerPassword, int port, string volume)
    {
        var owner = builder.AddParameter("postgres-user", PostgresCluster.Owner);
        var server = builder.AddPostgres(ServerName, owner, password, port)
            .WithImageOf("POSTGRES_IMAGE")
            .WithArgs([.. new PostgresSettings().InContainer()])
            .WithVolume(volume, "/var/lib/postgresql/data")
            .WithEndpoint(EndpointName, endpoint => endpoint.IsProxied = false);
        return builder.AddTelemetry(server, server.Resource.PrimaryEndpoint, password.Resource, readerPassword);
    }

    /// <summary>Adds the server as a program of this machine, and the database.</summary>
    public static IResourceBuilder<TelemetryDatabase> AddPostgresExecutable(
        this IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, string readerPassword, int port, ServerProgram program)
    {
        var server = builder.AddExecutable(ServerName, program.Path, program.WorkingDirectory)
            .WithProgram(program)
            .WithEndpoint(port: port, targetPort: port, scheme: EndpointName, name: EndpointName, isProxied: false);
        var database = builder.AddTelemetry(server, server.GetEndpoint(EndpointName), password.Resource, readerPassword);
        server.WithReadyCheck(cancel => database.Resource.WhatIsMissingAsync("postgres", cancel));
        return database;
    }

    // It is made as soon as its server answers, and has no process of its own: its state is told here.
    private static IResourceBuilder<TelemetryDatabase> AddTelemetry<T>(
        this IDistributedApplicationBuilder builder, IResourceBuilder<T> server, EndpointReference endpoint, ParameterResource password, string readerPassword) where T : IResource
    {
        var database = new TelemetryDatabase(server.Resource, endpoint, password);
        server.WithIconName("Database").OnResourceReady(async (_, ready, cancellationToken) =>
        {
            await database.MakeAsync(readerPassword, cancellationToken);
            await ready.Services.GetRequiredService<ResourceNotificationService>()
                .PublishUpdateAsync(database, snapshot => snapshot with { State = KnownResourceStates.Running, StartTimeStamp = DateTime.UtcNow });
        });
        return builder.AddResource(database)
            .WithIconName("DatabaseStack16")
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "PostgreSQL database", Properties = [], State = KnownResourceStates.Waiting })
            .WithReadyCheck(cancel => database.WhatIsMissingAsync(TelemetryDatabase.DatabaseName, cancel));
    }
}
