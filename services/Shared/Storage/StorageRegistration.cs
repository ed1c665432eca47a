using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Tally.Storage;

/// <summary>Registers the store.</summary>
public static class StorageRegistration
{
    private const string Expected =
        "expected an Npgsql connection string such as Host=localhost;Port=5432;Username=tally;Password=…;Database=tally "
        + "(environment ConnectionStrings__telemetry)";

    /// <summary>
    /// Adds the database (<c>ConnectionStrings:telemetry</c>), the catalog, the partitions' keeper, the number of lives and the sessions
    /// at the broker. Options records that are registered before are used. Nothing here loads EF Core.
    /// </summary>
    /// <param name="services">Services.</param>
    /// <param name="application">Name that the server shows for the connections: <c>tally-ingest</c>.</param>
    /// <param name="connections">
    /// Most connections at once. Few: a waiting query costs less than a server process, which takes about 10 MB.
    /// </param>
    public static IServiceCollection AddStorage(this IServiceCollection services, string application, int connections = 8)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new StorageOptions());
        services.TryAddSingleton(new PartitionOptions());
        services.TryAddSingleton(provider => CreateDataSource(
            provider.GetRequiredService<IConfiguration>().TelemetryConnectionString(),
            application,
            connections,
            provider.GetService<ILoggerFactory>()));
        services.TryAddSingleton(_ => new Catalog());
        services.TryAddSingleton<IngestLives>();
        services.TryAddSingleton<IngestSessions>();
        services.TryAddSingleton(provider => new PartitionKeeper(
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<PartitionOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PartitionKeeper>>()));
        services.TryAddSingleton<DatabaseProbe>();
        return services;
    }

    /// <summary>The database's connection string.</summary>
    /// <exception cref="InvalidOperationException">It is missing or invalid; the message says what to set, and never shows a
    /// password.</exception>
    public static string TelemetryConnectionString(this IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("telemetry");
        if (string.IsNullOrWhiteSpace(text)) throw new InvalidOperationException($"ConnectionStrings:telemetry is missing: {Expected}.");
        try
        {
            var parsed = new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrEmpty(parsed.Host))
                throw new InvalidOperationException($"ConnectionStrings:telemetry has no Host: {Expected}.");
            return text;
        }
        catch (Exception error) when (error is ArgumentException or FormatException)
        {
            throw new InvalidOperationException($"ConnectionStrings:telemetry is invalid ({error.Message}): {Expected}.", error);
        }
    }

    /// <summary>Opens a pool with this project's settings; what the connection string says itself goes before.</summary>
    public static NpgsqlDataSource CreateDataSource(
        string connectionString, string application, int connections, ILoggerFactory? loggers = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default("Application Name", application);
        Default("Maximum Pool Size", connections);

        // Seconds to connect: on one machine it takes milliseconds, and a service that starts should say soon what is missing.
        Default("Timeout", 5);

        // Seconds for a statement. A batch takes milliseconds; what takes longer waits for a lock or a dead disk, and is tried again.
        Default("Command Timeout", 30);

        // Seconds of idleness after which a connection is probed, so that a quiet one notices that the server is gone.
        Default("Keepalive", 10);

        // The same for the kernel, which notices within half a minute in the middle of a statement that the network is gone.
        Default("Tcp Keepalive", true);
        Default("Tcp Keepalive Time", 10);
        Default("Tcp Keepalive Interval", 5);

        // Not "No Reset On Close": only the writer changes its session, and it keeps its connection; a reset costs the others nothing
        // that counts (it travels with their next statement) and what they take over is always clean.
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = application }; // in metrics, else it is the connection string
        builder.ConfigureTracing(OnlyBelowAnother);
        if (loggers is not null) builder.UseLoggerFactory(loggers);
        return builder.Build();

        void Default(string keyword, object value)
        {
            if (!settings.ShouldSerialize(keyword)) settings[keyword] = value;
        }
    }

    // A query on a timer would begin a trace each time; one that belongs to a request is part of that one's. Who listens decides the rest.
    private static void OnlyBelowAnother(NpgsqlTracingOptionsBuilder tracing) => tracing
        .ConfigureCommandFilter(_ => Activity.Current is not null)
        .ConfigureBatchFilter(_ => Activity.Current is not null)
        .ConfigureCopyOperationFilter(_ => Activity.Current is not null)
        .EnablePhysicalOpenTracing(false);
}
