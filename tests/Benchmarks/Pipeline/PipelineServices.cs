using Tally.AppHost.Local;
using Tally.AppHost.Local.Processes;
using Tally.Testing;

namespace Tally.Benchmarks.Pipeline;

/// <summary>Broker, database, Ingest and AckResponder as processes of their own, with the settings of AppHost's local mode.</summary>
internal sealed class PipelineServices : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly MosquittoServer _broker;
    private readonly PostgresServer _database;
    private readonly List<ChildProcess> _services = [];

    private PipelineServices(MosquittoServer broker, PostgresServer database, string connectionString)
    {
        (_broker, _database) = (broker, database);
        ConnectionString = connectionString;
    }

    /// <summary>The store.</summary>
    public string ConnectionString { get; }

    /// <summary>Address of the broker for the simulator.</summary>
    public Uri SimulatorAddress => _broker.AddressOf("simulator");

    public static async Task<PipelineServices> StartAsync(CancellationToken cancellationToken)
    {
        var broker = await MosquittoServer.StartAsync(cancellationToken);
        var database = await PostgresServer.StartAsync(new PostgresSettings(), cancellationToken);
        var services = new PipelineServices(broker, database, await database.CreateDatabaseAsync(cancellationToken));
        await services.MigrateAsync(cancellationToken);
        await services.StartAsync("ingest", "Ingest", cancellationToken);
        await services.StartAsync("ackresponder", "AckResponder", cancellationToken);
        return services;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.StopAsync(StopTimeout);
            await service.DisposeAsync();
        }

        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var migrate = ChildProcess.Start(Command("ingest", "Ingest", 0, "migrate"), onLine: null);
        var status = await migrate.Exited.WaitAsync(StartTimeout, cancellationToken);
        if (status != 0) throw new InvalidOperationException($"Ingest migrate ended with {status}:\n{string.Join('\n', migrate.LastLines)}");
    }

    private async Task StartAsync(string name, string project, CancellationToken cancellationToken)
    {
        var port = FreePort.Any();
        var process = ChildProcess.Start(Command(name, project, port), onLine: null);
        _services.Add(process);
        using var health = new HealthProbe();
        await Eventually.UntilAsync(
            async () => !process.Exited.IsCompleted
                ? await health.WhatIsMissingAsync(port, "/health/ready", cancellationToken) is null
                : throw new InvalidOperationException($"{name} ended with {await process.Exited}:\n{string.Join('\n', process.LastLines)}"),
            $"{name} to be ready",
            StartTimeout);
    }

    private ChildCommand Command(string name, string project, int port, params string[] arguments)
    {
        var directory = Path.Combine(Repository.Root, "services", project, "bin", Repository.Configuration, Repository.Framework);
        return new ChildCommand
        {
            Name = name,
            Program = DotnetHost.Path,
            Arguments = [Path.Combine(directory, $"Tally.{project}.dll"), .. arguments],
            WorkingDirectory = directory,
            Environment = new Dictionary<string, string>
            {
                ["ConnectionStrings__mqtt"] = _broker.AddressOf(name).OriginalString,
                ["ConnectionStrings__telemetry"] = ConnectionString,
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
                ["Logging__LogLevel__Default"] = "Warning",
            },
        };
    }
}
