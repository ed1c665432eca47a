using System.Net.Sockets;
using Npgsql;

namespace Tally.AppHost.Infrastructure;

/// <summary>PostgreSQL with the database of the store, as a container or as a program of this machine. The services cannot tell.</summary>
internal sealed record Database(IResourceBuilder<IResourceWithWaitSupport> Server, EndpointReference Endpoint, ParameterResource Password)
{
    /// <summary>The database; the role that owns it; a role that may read everything and change nothing.</summary>
    public const string Telemetry = "telemetry", Owner = "tally", Reader = "tally_reader";

    // What is not named keeps its default; above all fsync and synchronous_commit stay on: "stored" means on disk. Given on the command line, so
    // that a change here works on data that exist already.
    public static readonly string[] Settings =
    [
        "shared_buffers=256MB", // the pages that a run of a million writes to, 130 MB with their index, stay in memory; taken only as it is used
        "max_wal_size=2GB", // a million readings write 250 MB of log; at the default of 1 GB a long run pays for a checkpoint every few million
        "checkpoint_timeout=15min", // the same by time; recovery after a crash reads at most this much: seconds
        "max_connections=60", // each is a process; the services with their pools of 20 and a few people with psql need less
        "wal_compression=off", // costs processor time, which is what is short on one machine; disk is not
        "jit=off", // queries here are short; compiling one takes longer than running it
        "huge_pages=off", // nothing to configure on the machine
        "log_line_prefix=%m [%p] ", "timezone=UTC", "log_timezone=UTC",
    ];

    private const string Name = "postgres", Tcp = "tcp";

    public static Database AddContainer(IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, string readerPassword, int port, string volume)
    {
        var server = builder.AddPostgres(Name, builder.AddParameter("postgres-user", Owner), password, port)
            .WithImage(Images.Find("POSTGRES_IMAGE")).WithImageRegistry(null)
            .WithArgs([.. Settings.SelectMany(setting => (string[])["-c", setting])])
            .WithVolume(volume, "/var/lib/postgresql/data")
            .WithEndpoint(Tcp, endpoint => endpoint.IsProxied = false);
        return Of(server, password.Resource, readerPassword);
    }

    public static Database AddExecutable(
        IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> password, string readerPassword, int port, string directory, string passwordFile) => Of(
        builder.AddScript(Name, [directory, $"{port}", passwordFile, .. Settings]).WithEndpoint(port: port, targetPort: port, scheme: Tcp, name: Tcp, isProxied: false), password.Resource, readerPassword);

    /// <summary>The owner's connection string. Pools of 20: with three services, less than max_connections.</summary>
    public ReferenceExpression ConnectionString => ReferenceExpression.Create(
        $"Host={Endpoint.Property(EndpointProperty.IPV4Host)};Port={Endpoint.Property(EndpointProperty.Port)};Username={Owner};Password={Password};Database={Telemetry};Maximum Pool Size=20");

    // Who waits for the server waits for what is done when it is ready, too.
    private static Database Of<T>(IResourceBuilder<T> server, ParameterResource password, string readerPassword) where T : IResourceWithWaitSupport, IResourceWithEndpoints
    {
        var database = new Database((IResourceBuilder<IResourceWithWaitSupport>)server, server.GetEndpoint(Tcp), password);
        server.WithIconName("Database").WithReadyCheck(database.WhatIsMissingAsync)
            .OnResourceReady((_, _, cancellationToken) => database.MakeAsync(readerPassword, cancellationToken));
        return database;
    }

    private async Task<string?> WhatIsMissingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync("SELECT 1", cancellationToken);
            return null;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException)
        {
            return $"it answers no query: {error.Message}"; // not there, starting up, recovering or shutting down
        }
    }

    private async Task MakeAsync(string readerPassword, CancellationToken cancellationToken)
    {
        if (await ExecuteAsync($"SELECT count(*) FROM pg_database WHERE datname = '{Telemetry}'", cancellationToken) is 0L)
            await ExecuteAsync($"CREATE DATABASE {Telemetry}", cancellationToken);
        await ExecuteAsync(
            $"""
             DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{Reader}') THEN CREATE ROLE {Reader} LOGIN; END IF; END $$;
             ALTER ROLE {Reader} PASSWORD '{readerPassword}';
             GRANT pg_read_all_data TO {Reader};
             """,
            cancellationToken);
    }

    private async Task<object?> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        // Not pooled: an idle connection would be one that a restart of the server breaks.
        await using var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={Endpoint.Port};Username={Owner};Password={await Password.GetValueAsync(cancellationToken)};Database=postgres;Pooling=false;Timeout=5");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }
}
