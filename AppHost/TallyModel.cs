using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;
using Tally.ServiceDefaults;

namespace Tally.AppHost;

/// <summary>The one description of what Tally consists of. The services' part does not know whether broker and database are containers.</summary>
internal static class TallyModel
{
    public const string Mosquitto = "mosquitto", Postgres = "postgres", AckResponder = "ackresponder", QueryApi = "queryapi", Migrate = "migrate", Simulator = "simulator";

    /// <summary>Names of the instances of Ingest. One is called as everywhere else; several have names that stay, since their sessions at the broker hang on them.</summary>
    public static IReadOnlyList<string> IngestNames(int replicas) => replicas == 1 ? ["ingest"] : [.. Enumerable.Range(1, replicas).Select(number => $"ingest-{number}")];

    public static DistributedApplication Build(RunOptions options, DataDirectory data)
    {
        if (options.Dashboard) Telemetry.PrepareDashboard(data.Ports);
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            DisableDashboard = !options.Dashboard, TrustDeveloperCertificate = false, // nothing here speaks TLS, and looking for the certificate takes half a second
            ProjectDirectory = Path.Combine(Repository.Root, "AppHost"), // wherever it is started
        });
        builder.Services.AddSingleton<IHostLifetime, SignalsAreOurs>();
        // What resources say is in the dashboard and the log files; what fails is said by who started it.
        builder.Services.AddLogging(logging => logging.AddFilter(level => level >= LogLevel.Critical));

        var (broker, database) = builder.AddInfrastructure(options, data);
        IResourceBuilder<ExecutableResource> Service<TProject>(string name, string icon) where TProject : IProjectMetadata, new() =>
            builder.AddService<TProject>(name).WithTelemetry(options.Dashboard).WithIconName(icon);

        var migrate = Service<Projects.Ingest>(Migrate, "DatabaseArrowUp").WithArgs("migrate").WithDatabase(database);

        var ingest = IngestNames(options.Replicas).Select(name =>
        {
            var instance = Service<Projects.Ingest>(name, "DatabaseArrowDown").WithHttp(data.Ports.Choose(name, Ports.Services))
                .WithBroker(broker, "ingest").WithDatabase(database).WaitForCompletion(migrate);
            return options.Replicas == 1 ? instance : instance.WithEnvironment("Ingest__Instance", name).WithEnvironment("Ingest__SharedGroup", "ingest");
        }).ToList();

        var ackResponder = Service<Projects.AckResponder>(AckResponder, "MailCheckmark").WithHttp(data.Ports.Choose(AckResponder, Ports.Services)).WithBroker(broker, "ackresponder");

        var queryApi = Service<Projects.QueryApi>(QueryApi, "DataBarVertical").WithHttp(data.Ports.Choose("the web page", options.Port))
            .WithDatabase(database).WaitForCompletion(migrate)
            .WithUrlForEndpoint("http", url => url.DisplayText = "Web page")
            .WithUrls(context =>
            {
                context.Urls.Add(new ResourceUrlAnnotation { Url = context.GetEndpoint("http")!.Url + "/openapi/v1.json", DisplayText = "API" });
                context.Urls.Add(new ResourceUrlAnnotation { Url = context.GetEndpoint("http")!.Url + "/#!ledger", DisplayText = "Open the ledger" });
            });

        var simulator = Service<Projects.SensorSimulator>(Simulator, "Temperature").WithBroker(broker, "simulator")
            .WithEnvironment("services__queryapi__http__0", queryApi.GetEndpoint("http")).WaitFor(queryApi).WaitFor(ackResponder).WithRuns(options).WithExplicitStart();
        foreach (var instance in ingest) simulator.WaitFor(instance);
        return builder.Build();
    }

    private static (Broker Broker, Database Database) AddInfrastructure(this IDistributedApplicationBuilder builder, RunOptions options, DataDirectory data)
    {
        // Parameters__viewer_password and so on are for passwords of one's own in containers, as everywhere in Aspire.
        IResourceBuilder<ParameterResource> Password(string user) =>
            builder.AddParameter($"{user.Replace('_', '-')}-password", builder.Configuration[$"Parameters:{user}-password"] ?? builder.Configuration[$"Parameters:{user}_password"] ?? data.Secret(user), secret: true);

        var users = Broker.Users.ToDictionary(user => user, user => Password(user).Resource);
        var (owner, reader) = (Password(Database.Owner), data.Secret(Database.Reader));
        // 1883 and 5432 where they are free: people have clients set up for them.
        var (mqtt, sql) = (data.Ports.Choose("the broker", 1883), data.Ports.Choose("the database", 5432));
        return options.Containers
            ? (Broker.AddContainer(builder, users, mqtt, data.VolumeOf(Mosquitto)), Database.AddContainer(builder, owner, reader, sql, data.VolumeOf(Postgres)))
            : (Broker.AddExecutable(builder, users, mqtt, data.Mosquitto, data.BrokerSecrets),
               Database.AddExecutable(builder, owner, reader, sql, data.Postgres, data.SecretFileOf(Database.Owner)));
    }

    // The program itself, not AddProject: that starts `dotnet run`, which takes a second more for each of two steps of the start, and is what a signal would reach.
    private static IResourceBuilder<ExecutableResource> AddService<TProject>(this IDistributedApplicationBuilder builder, string name) where TProject : IProjectMetadata, new()
    {
        var project = new TProject().ProjectPath;
        var output = Repository.OutputOf(Path.GetDirectoryName(project)!);
        var program = $"Tally.{Path.GetFileNameWithoutExtension(project)}.dll";
        if (!File.Exists(Path.Combine(output, program))) throw new EnvironmentException($"{program} is not in {output}: ./run.sh builds it, and so does dotnet build AppHost.");
        return builder.AddExecutable(name, "dotnet", output, program).WithEnvironment("Logging__LogLevel__Microsoft", "Warning"); // "now listening" and the like: AppHost says so itself
    }

    private static IResourceBuilder<ExecutableResource> WithHttp(this IResourceBuilder<ExecutableResource> service, int port)
    {
        var address = new Uri($"http://127.0.0.1:{port}");
        return service.WithHttpEndpoint(port: port, targetPort: port, isProxied: false).WithEnvironment("ASPNETCORE_URLS", address.OriginalString)
            .WithReadyCheck(cancel => Probes.ServiceAsync(address, cancel));
    }

    private static IResourceBuilder<ExecutableResource> WithBroker(this IResourceBuilder<ExecutableResource> service, Broker broker, string user) =>
        service.WithEnvironment("ConnectionStrings__mqtt", broker.AddressOf(user)).WaitFor(broker.Server);

    private static IResourceBuilder<ExecutableResource> WithDatabase(this IResourceBuilder<ExecutableResource> service, Database database) =>
        service.WithEnvironment("ConnectionStrings__telemetry", database.ConnectionString).WaitFor(database.Server);

    // Aspire's would stop everything at the first Ctrl-C, in no order, beside our own stop.
    private sealed class SignalsAreOurs : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
