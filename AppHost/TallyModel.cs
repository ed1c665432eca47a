using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Commands;
using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;

namespace Tally.AppHost;

/// <summary>The one description of what Tally consists of. The services' part does not know whether broker and database are containers.</summary>
internal static class TallyModel
{
    /// <summary>Names of the resources that are kept up, Ingest aside: it may have several instances.</summary>
    public const string Mosquitto = "mosquitto", Postgres = "postgres", AckResponder = "ackresponder", QueryApi = "queryapi", Migrate = "migrate", Simulator = "simulator";

    private const string Ready = "/health/ready";

    /// <summary>Names of the instances of Ingest. One is called as everywhere else; several have names that stay, since their sessions at the broker hang on them.</summary>
    public static IReadOnlyList<string> IngestNames(int replicas) => replicas == 1 ? ["ingest"] : [.. Enumerable.Range(1, replicas).Select(number => $"ingest-{number}")];

    /// <summary>Builds the application; makes the database's data where there are none.</summary>
    /// <exception cref="EnvironmentException">A program is missing, or the data cannot be made.</exception>
    public static async Task<DistributedApplication> BuildAsync(RunOptions options, DataDirectory data, Screen screen, CancellationToken cancellationToken)
    {
        if (options.Dashboard) DashboardVariables.SetWhereThereAreNone(data.Ports);
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            DisableDashboard = !options.Dashboard,
            ProjectDirectory = Path.Combine(Repository.Root, "AppHost"), // wherever it is started
        });
        builder.Services.AddSingleton<IHostLifetime, SignalsAreOurs>();
        // What resources say is in the dashboard and the log files; that a start failed, or was interrupted, is said by who started.
        builder.Services.AddLogging(logging => logging.AddFilter((_, category, level) =>
            level >= LogLevel.Error && category is not "Microsoft.Extensions.Hosting.Internal.Host" && category?.Contains(".Resources.", StringComparison.Ordinal) != true));
        var telemetry = new TelemetryVariables(options.Dashboard);
        await TelemetryVariables.SayWhoDoesNotAnswerAsync(screen, cancellationToken);

        var (mosquitto, database) = await builder.AddInfrastructureAsync(options, data, cancellationToken);

        var migrate = builder.AddService<Projects.Ingest>(Migrate, telemetry).WithIconName("DatabaseArrowUp").WithArgs("migrate").WithDatabase(database);

        var ingest = IngestNames(options.Replicas).Select(name =>
        {
            var instance = builder.AddService<Projects.Ingest>(name, telemetry).WithIconName("DatabaseArrowDown")
                .WithHttp(data.Ports.Choose(name, Ports.Services)).WithBroker(mosquitto, "ingest").WithDatabase(database).WaitForCompletion(migrate);
            return options.Replicas == 1 ? instance : instance.WithEnvironment("Ingest__Instance", name).WithEnvironment("Ingest__SharedGroup", "ingest");
        }).ToList();

        var ackResponder = builder.AddService<Projects.AckResponder>(AckResponder, telemetry).WithIconName("MailCheckmark")
            .WithHttp(data.Ports.Choose(AckResponder, Ports.Services)).WithBroker(mosquitto, "ackresponder");

        var queryApi = builder.AddService<Projects.QueryApi>(QueryApi, telemetry).WithIconName("DataBarVertical")
            .WithHttp(data.Ports.Choose("the web page", options.Port)).WithDatabase(database).WaitForCompletion(migrate).WithLedgerCommand()
            .WithUrlForEndpoint("http", url => url.DisplayText = "Web page").WithUrls(context =>
            {
                var api = context.GetEndpoint("http")!;
                context.Urls.Add(new ResourceUrlAnnotation { Url = api.Url + "/openapi/v1.json", DisplayText = "API" });
            });

        var simulator = builder.AddService<Projects.SensorSimulator>(Simulator, telemetry).WithIconName("Temperature")
            .WithBroker(mosquitto, "simulator").WithEnvironment("services__queryapi__http__0", queryApi.GetEndpoint("http"))
            .WaitFor(queryApi).WaitFor(ackResponder).WithRuns(options).WithExplicitStart();
        foreach (var instance in ingest) simulator.WaitFor(instance);
        return builder.Build();
    }

    private static async Task<(IResourceBuilder<IMosquittoResource>, IResourceBuilder<TelemetryDatabase>)> AddInfrastructureAsync(
        this IDistributedApplicationBuilder builder, RunOptions options, DataDirectory data, CancellationToken cancellationToken)
    {
        var passwords = BrokerUsers.All.ToDictionary(user => user, user => builder.AddSecret(user, data));
        var broker = passwords.ToDictionary(user => user.Key, user => user.Value.Parameter.Resource);
        var (postgres, postgresPassword) = builder.AddSecret("postgres", data);
        var reader = data.Secret(TelemetryDatabase.Reader);
        // 1883 and 5432 where they are free: people have clients set up for them.
        var (mqttPort, postgresPort) = (data.Ports.Choose("the broker", 1883), data.Ports.Choose("the database", 5432));
        if (options.Containers)
        {
            return (builder.AddMosquittoContainer(Mosquitto, broker, mqttPort, data.VolumeOf(Mosquitto)),
                    builder.AddPostgresContainer(postgres, reader, postgresPort, data.VolumeOf(Postgres)));
        }

        var cluster = new PostgresCluster(data.Postgres, postgresPort, new PostgresSettings());
        await cluster.PrepareAsync(postgresPassword, cancellationToken);
        var directory = new MosquittoDirectory(data.Mosquitto, mqttPort, passwords.ToDictionary(user => user.Key, user => user.Value.Value));
        return (builder.AddMosquittoExecutable(Mosquitto, broker, mqttPort, directory),
                builder.AddPostgresExecutable(postgres, reader, postgresPort, cluster.Program));
    }

    // Parameters__viewer_password and so on give another one, as everywhere in Aspire.
    private static (IResourceBuilder<ParameterResource> Parameter, string Value) AddSecret(this IDistributedApplicationBuilder builder, string user, DataDirectory data)
    {
        var name = $"{user}-password";
        var value = builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"] ?? data.Secret(user);
        return (builder.AddParameter(name, value, secret: true), value);
    }

    // The program itself, not AddProject: that starts `dotnet run`, which takes a second more for each of two steps of the start, and is what a signal would reach.
    private static IResourceBuilder<ExecutableResource> AddService<TProject>(this IDistributedApplicationBuilder builder, string name, TelemetryVariables telemetry)
        where TProject : IProjectMetadata, new()
    {
        var output = Repository.OutputOf(new TProject());
        var program = Path.Combine(output, $"Tally.{Path.GetFileNameWithoutExtension(new TProject().ProjectPath)}.dll");
        if (!File.Exists(program)) throw new EnvironmentException($"{program} is not built: ./run.sh builds it, and so does dotnet build AppHost.");
        return builder.AddExecutable(name, "dotnet", output, program)
            .WithOtlpExporter()
            .WithEnvironment(telemetry.Change)
            .WithEnvironment("Logging__LogLevel__Microsoft", "Warning"); // "now listening", "application started": AppHost says so itself
    }

    private static IResourceBuilder<ExecutableResource> WithHttp(this IResourceBuilder<ExecutableResource> service, int port)
    {
        service.WithHttpEndpoint(port: port, targetPort: port, isProxied: false).WithEnvironment("ASPNETCORE_URLS", new Uri($"http://127.0.0.1:{port}").OriginalString);
        return service.WithReadyCheck(cancel => HealthProbe.WhatIsMissingAsync(new Uri($"http://127.0.0.1:{port}{Ready}"), cancel));
    }

    private static IResourceBuilder<ExecutableResource> WithDatabase(this IResourceBuilder<ExecutableResource> service, IResourceBuilder<TelemetryDatabase> database) =>
        service.WithReference(database).WaitFor(database);

    // Aspire's would stop everything at the first Ctrl-C, in no order, beside our own stop.
    private sealed class SignalsAreOurs : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
