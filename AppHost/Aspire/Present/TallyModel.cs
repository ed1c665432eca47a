using Tally.AppHost.Local;

namespace Tally.AppHost.Aspire;

/// <summary>
/// Tally as Aspire sees it: the resources of the local mode, with the same names, and the services with the same variables. In the
/// repository's other descriptions of them (compose.yaml, k8s) the secrets have the same names too.
/// </summary>
internal static class TallyModel
{
    private const string Ready = "/health/ready";

    // 5432 and 1883 where they are free: people have clients set up for them.
    private const int PostgresPort = 5432;
    private const int MqttPort = 1883;

    /// <summary>Adds everything.</summary>
    public static void AddTally(this IDistributedApplicationBuilder builder, RunOptions options)
    {
        builder.AddDockerComposeEnvironment("tally").WithDashboard(enabled: false); // for `aspire publish`; of the images that images.env names only

        var telemetry = builder.AddDatabase();
        var broker = builder.AddMosquitto("mosquitto", ImageReference.Of("MOSQUITTO_IMAGE"), builder.AddBrokerPasswords(), builder.PreferredPort(MqttPort));

        var migrate = builder.AddProject<Projects.Ingest>("migrate")
            .WithIconName("DatabaseArrowUp")
            .WithArgs("migrate")
            .WithReference(telemetry)
            .WaitFor(telemetry);

        var ingest = builder.AddIngest(options.Replicas);
        foreach (var instance in ingest)
        {
            instance.WithBroker(broker, "ingest").WithReference(telemetry).WaitForCompletion(migrate).WithClient(options);
        }

        var ackResponder = builder.AddProject<Projects.AckResponder>("ackresponder")
            .WithIconName("MailCheckmark")
            .WithHttpEndpoint()
            .WithHttpHealthCheck(Ready)
            .WithBroker(broker, "ackresponder")
            .WithClient(options);

        var queryApi = builder.AddProject<Projects.QueryApi>("queryapi")
            .WithIconName("DataBarVertical")
            .WithHttpEndpoint(port: builder.PreferredPort(options.Port) ?? options.Port)
            .WithExternalHttpEndpoints()
            .WithUrlForEndpoint("http", url => url.DisplayText = "Web page")
            .WithHttpHealthCheck(Ready)
            .WithReference(telemetry)
            .WaitForCompletion(migrate)
            .WithLedgerCommand();

        var simulator = builder.AddProject<Projects.SensorSimulator>("simulator")
            .WithIconName("Temperature")
            .WithBroker(broker, "simulator")
            .WithReference(queryApi)
            .WaitFor(queryApi)
            .WaitFor(ackResponder)
            .WithClient(options)
            .WithRuns(options)
            .WithExplicitStart()
            .ExcludeFromManifest();
        foreach (var instance in ingest) simulator.WaitFor(instance);
    }

    private static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IDistributedApplicationBuilder builder)
    {
        var image = ImageReference.Of("POSTGRES_IMAGE");
        var server = builder.AddPostgres("postgres", password: builder.AddSecret("postgres-password"), port: builder.PreferredPort(PostgresPort))
            .WithImage(image)
            .WithArgs([.. new PostgresSettings().InContainer()])
            .WithDataVolume() // looks at the tag for the directory, which is another one from 18 on
            .WithDigest(image);
        if (builder.ExecutionContext.IsPublishMode) server.WithEnvironment("POSTGRES_DB", LocalResources.Database); // else Aspire makes it
        return server.AddDatabase(LocalResources.Database);
    }

    // One is called as everywhere else. Several have names of their own, the same in every life: their sessions at the broker hang on them.
    private static IReadOnlyList<IResourceBuilder<ProjectResource>> AddIngest(this IDistributedApplicationBuilder builder, int replicas)
    {
        if (replicas == 1) return [Instance("ingest")];
        return
        [
            .. Enumerable.Range(1, replicas).Select(number => $"ingest-{number}")
                .Select(name => Instance(name).WithEnvironment("Ingest__Instance", name).WithEnvironment("Ingest__SharedGroup", "ingest")),
        ];

        IResourceBuilder<ProjectResource> Instance(string name) =>
            builder.AddProject<Projects.Ingest>(name).WithIconName("DatabaseArrowDown").WithHttpEndpoint().WithHttpHealthCheck(Ready);
    }

    private static Dictionary<string, ParameterResource> AddBrokerPasswords(this IDistributedApplicationBuilder builder) =>
        BrokerUsers.All.ToDictionary(user => user, user => builder.AddSecret($"{user}-password").Resource);

    // Letters and digits: they go into URIs, and into a list that blanks and colons divide. Kept, because the database's volume keeps its own.
    private static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, [ResourceName] string name) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = 24, Special = false }, secret: true, persist: true);

    // Files that are published are for another machine.
    private static int? PreferredPort(this IDistributedApplicationBuilder builder, int port) =>
        builder.ExecutionContext.IsRunMode ? FreePort.PreferablyAt(port) : null;

    private static IResourceBuilder<ProjectResource> WithClient(this IResourceBuilder<ProjectResource> service, RunOptions options) =>
        options.Client is { } client ? service.WithEnvironment("Mqtt__Client", client) : service;
}
