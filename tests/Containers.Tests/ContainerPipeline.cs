using System.Text.Json;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Integration.Tests.Contract;
using Tally.Integration.Tests.Ingest;
using Tally.SensorSimulator.Ledgers;
using Tally.Testing;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>Broker, database and the four services, each in a container of its own, on one network.</summary>
internal sealed class ContainerPipeline : IPipeline
{
    private const ushort HttpPort = 8080;

    private const string ReportFile = "/tmp/report.json";

    // As in compose.yaml: the images say ten seconds, and the first answer is what a test waits for.
    private static readonly TimeSpan HealthInterval = TimeSpan.FromSeconds(3);

    private readonly INetwork _network;
    private readonly MosquittoContainer _broker;
    private readonly PostgresContainer _postgres;
    private readonly IContainer _ingest;
    private readonly IContainer _responder;
    private readonly IContainer _api;

    private ContainerPipeline(INetwork network, MosquittoContainer broker, PostgresContainer postgres)
    {
        (_network, _broker, _postgres) = (network, broker, postgres);
        Store = new Database(postgres.Store);
        _ingest = Serving("ingest").WithEnvironment(Mqtt("ingest")).WithEnvironment(Telemetry).Build();
        _responder = Serving("ackresponder").WithEnvironment(Mqtt("ackresponder")).Build();
        _api = Serving("queryapi").WithEnvironment(Telemetry).WithPortBinding(HttpPort, assignRandomHostPort: true).Build();
    }

    public IMosquitto Broker => _broker;

    public IPostgres Postgres => _postgres;

    public Database Store { get; }

    public Uri Api => new UriBuilder(Uri.UriSchemeHttp, _api.Hostname, _api.GetMappedPublicPort(HttpPort)).Uri;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Dictionary<string, string> Telemetry => new() { ["ConnectionStrings__telemetry"] = PostgresContainer.InnerStore };

    public static async Task<ContainerPipeline> StartAsync()
    {
        var network = new NetworkBuilder().WithLogger(NullLogger.Instance).Build();
        await network.CreateAsync(Cancel);
        var broker = MosquittoContainer.StartAsync(Cancel, network);
        var postgres = PostgresContainer.StartAsync(Cancel, network);
        var pipeline = new ContainerPipeline(network, await broker, await postgres);
        await pipeline.MigrateAsync();
        await Task.WhenAll(new[] { pipeline._ingest, pipeline._responder, pipeline._api }.Select(service => Readiness.StartAsync(service, Cancel)));
        return pipeline;
    }

    public async Task<RunResult> RunAsync(RunRequest request)
    {
        List<string> arguments = ["run", "--run", "r1", "--messages", $"{request.Messages}", "--devices", "7", "--rate", $"{request.Rate}", "--report", ReportFile];
        if (request.Quick) arguments.AddRange(["--window", "2000", "--probe-after", "2s"]);
        await using var simulator = Service("simulator")
            .WithEnvironment(Mqtt("simulator"))
            .WithEnvironment("services__queryapi__http__0", $"http://queryapi:{HttpPort}")
            .WithCommand([.. arguments])
            // Its root is read-only, and what lies in memory is gone with the process: a volume, of which the image's own /tmp is the model.
            .WithCreateParameterModifier(parameters => parameters.Volumes = new Dictionary<string, EmptyStruct> { ["/tmp"] = default })
            .Build();
        await simulator.StartAsync(Cancel);
        var status = await simulator.GetExitCodeAsync(Cancel);
        var text = await Readiness.LogsAsync(simulator, Cancel);
        if (status is not (0 or 1)) throw new InvalidOperationException($"The simulator ended with status {status}:\n{text}");

        var report = JsonSerializer.Deserialize(await simulator.ReadFileAsync(ReportFile, Cancel), LedgersJson.Default.Report)!;
        Assert.Equal(status == 0, report.Balanced); // the exit status is the ledger's
        return new(report, text);
    }

    public async Task RestartIngestAsync()
    {
        await ContainerEngine.KillAsync(_ingest, Cancel);
        await ContainerEngine.StartAsync(_ingest, Cancel);
    }

    public async Task RestartResponderAsync()
    {
        await ContainerEngine.KillAsync(_responder, Cancel);
        await ContainerEngine.StartAsync(_responder, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in new[] { _api, _responder, _ingest }) await service.DisposeAsync();
        await _broker.DisposeAsync();
        await _postgres.DisposeAsync();
        await _network.DisposeAsync();
    }

    private async Task MigrateAsync()
    {
        await using var migrate = Service("ingest").WithEnvironment(Telemetry).WithCommand("migrate").Build();
        await migrate.StartAsync(Cancel);
        var status = await migrate.GetExitCodeAsync(Cancel);
        if (status != 0) throw new InvalidOperationException($"'migrate' ended with status {status}:\n{await Readiness.LogsAsync(migrate, Cancel)}");
    }

    private static Dictionary<string, string> Mqtt(string user) => new() { ["ConnectionStrings__mqtt"] = MosquittoContainer.InnerAddressOf(user).OriginalString };

    /// <summary>A service that is waited for until it says that it is ready.</summary>
    private ContainerBuilder Serving(string service) => Service(service)
        .WithNetworkAliases(service)
        .WithCreateParameterModifier(parameters => parameters.Healthcheck = new HealthcheckConfig { Interval = HealthInterval })
        .WithWaitStrategy(Readiness.UntilHealthy());

    /// <summary>A container of a service's image, with as little allowed as compose.yaml and the manifests allow it.</summary>
    private ContainerBuilder Service(string image) => new ContainerBuilder(ServiceImages.NameOf(image))
        .WithNetwork(_network)
        .WithCreateParameterModifier(parameters =>
        {
            var host = parameters.HostConfig ??= new HostConfig();
            host.ReadonlyRootfs = true;
            host.CapDrop = ["ALL"];
            host.SecurityOpt = ["no-new-privileges:true"];
        })
        .WithLogger(NullLogger.Instance);
}
