using Tally.ServiceDefaults;
using Tally.AppHost.Infrastructure;
using Tally.Testing.Processes;
using Tally.Testing;

namespace Tally.Benchmarks.Pipeline;

/// <summary>Broker, database, Ingest and AckResponder as processes of their own, with AppHost's settings.</summary>
internal sealed class PipelineServices : IAsyncDisposable
{
    /// <summary>The broker among <see cref="Processes"/>.</summary>
    public const string BrokerName = "mosquitto";

    /// <summary>The database among <see cref="Processes"/>; what adds up usage knows it by this name.</summary>
    public const string DatabaseName = "postgres";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly MosquittoServer _broker;
    private readonly PostgresServer _database;
    private readonly Action<Dictionary<string, string>, string>? _configure;
    private readonly List<(string Name, ChildProcess Process)> _services = [];

    private PipelineServices(MosquittoServer broker, PostgresServer database, string connectionString, Action<Dictionary<string, string>, string>? configure)
    {
        (_broker, _database, _configure) = (broker, database, configure);
        ConnectionString = connectionString;
    }

    /// <summary>The store.</summary>
    public string ConnectionString { get; }

    /// <summary>Address of the broker for the simulator.</summary>
    public Uri SimulatorAddress => _broker.AddressOf("simulator");

    /// <summary>Numbers of its processes.</summary>
    public IEnumerable<(string Name, int ProcessId)> Processes =>
        _services.Select(service => (service.Name, service.Process.Id)).Append((BrokerName, _broker.ProcessId)).Append((DatabaseName, _database.ProcessId));

    /// <summary>Starts them.</summary>
    /// <param name="cancellationToken">Ends the wait for them.</param>
    /// <param name="withApi">QueryApi too.</param>
    /// <param name="configure">Adds to the environment of the service of that name.</param>
    public static async Task<PipelineServices> StartAsync(
        CancellationToken cancellationToken, bool withApi = false, Action<Dictionary<string, string>, string>? configure = null)
    {
        var broker = await MosquittoServer.StartAsync(cancellationToken);
        var database = await PostgresServer.StartAsync(Database.Settings, cancellationToken);
        var services = new PipelineServices(broker, database, await database.CreateDatabaseAsync(cancellationToken), configure);
        await services.MigrateAsync(cancellationToken);
        await services.StartAsync("ingest", "Ingest", cancellationToken);
        await services.StartAsync("ackresponder", "AckResponder", cancellationToken);
        if (withApi) await services.StartAsync("queryapi", "QueryApi", cancellationToken);
        return services;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, service) in _services)
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
        _services.Add((name, process));
        await Eventually.UntilAsync(
            async () => !process.Exited.IsCompleted
                ? await Probes.ServiceAsync(new Uri($"http://127.0.0.1:{port}"), cancellationToken) is null
                : throw new InvalidOperationException($"{name} ended with {await process.Exited}:\n{string.Join('\n', process.LastLines)}"),
            $"{name} to be ready",
            StartTimeout);
    }

    private ChildCommand Command(string name, string project, int port, params string[] arguments)
    {
        var directory = Repository.OutputOf($"services/{project}");
        var environment = new Dictionary<string, string>
        {
            ["ConnectionStrings__mqtt"] = _broker.AddressOf(name).OriginalString,
            ["ConnectionStrings__telemetry"] = ConnectionString,
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["Logging__LogLevel__Default"] = "Warning",
        };
        _configure?.Invoke(environment, name);
        return new ChildCommand
        {
            Name = name,
            Program = DotnetHost.Path,
            Arguments = [Path.Combine(directory, $"Tally.{project}.dll"), .. arguments],
            WorkingDirectory = directory,
            Environment = environment,
        };
    }
}
