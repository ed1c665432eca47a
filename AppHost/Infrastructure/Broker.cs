using Tally.ServiceDefaults;

namespace Tally.AppHost.Infrastructure;

/// <summary>Mosquitto with the repository's own files, as a container or as a program of this machine. The services cannot tell.</summary>
internal sealed record Broker(IResourceBuilder<IResourceWithWaitSupport> Server, EndpointReference Endpoint, IReadOnlyDictionary<string, ParameterResource> Passwords)
{
    /// <summary>What each may do stands in services/Broker/tally.acl.</summary>
    public static readonly string[] Users = ["ingest", "ackresponder", "simulator", "queryapi", "device", "viewer"];

    private const string Name = "mosquitto", Mqtt = "mqtt";
    // IANA's port for MQTT; the broker's user in its image, not root: what writes the password file is also what reads it.
    private const int ContainerPort = 1883, ContainerUser = 1883;

    /// <summary>Adds it as a container. Its password file is made inside, from the passwords in its environment.</summary>
    public static Broker AddContainer(IDistributedApplicationBuilder builder, IReadOnlyDictionary<string, ParameterResource> passwords, int port, string volume)
    {
        var users = new ReferenceExpressionBuilder(); // user:password user:password …, as services/Broker/container/start.sh takes them
        foreach (var (user, password) in passwords) users.Append($"{user}:{password} ");
        return Of(
            builder.AddContainer(Name, Images.Find("MOSQUITTO_IMAGE"))
                .WithEndpoint(port: port, targetPort: ContainerPort, name: Mqtt, scheme: Mqtt, isProxied: false)
                .WithEntrypoint("sh")
                .WithArgs("/mosquitto/config/start.sh")
                .WithEnvironment("BROKER_USERS", users.Build())
                .WithContainerFiles("/mosquitto/config", Files(), defaultOwner: ContainerUser, defaultGroup: ContainerUser)
                .WithVolume(volume, "/mosquitto/data")
                .WithContainerRuntimeArgs("--user", $"{ContainerUser}:{ContainerUser}", "--tmpfs", "/run/mosquitto"),
            passwords);
    }

    public static Broker AddExecutable(IDistributedApplicationBuilder builder, IReadOnlyDictionary<string, ParameterResource> passwords, int port, string directory, string secrets) =>
        Of(builder.AddScript(Name, directory, $"{port}", secrets).WithEndpoint(port: port, targetPort: port, name: Mqtt, scheme: Mqtt, isProxied: false), passwords);

    /// <summary>Address with user and password, as <c>ConnectionStrings:mqtt</c> takes it.</summary>
    public ReferenceExpression AddressOf(string user) => ReferenceExpression.Create(
        $"mqtt://{user}:{Passwords[user]:uri}@{Endpoint.Property(EndpointProperty.IPV4Host)}:{Endpoint.Property(EndpointProperty.Port)}");

    private static Broker Of<T>(IResourceBuilder<T> server, IReadOnlyDictionary<string, ParameterResource> passwords) where T : IResourceWithWaitSupport, IResourceWithEndpoints
    {
        var endpoint = server.GetEndpoint(Mqtt);
        server.WithIconName("ArrowSwap").WithReadyCheck(async cancel =>
            await Probes.BrokerAsync(endpoint.Port, "viewer", await passwords["viewer"].GetValueAsync(cancel) ?? "", cancel));
        return new Broker((IResourceBuilder<IResourceWithWaitSupport>)server, endpoint, passwords);
    }

    // Where services/Broker/container/mosquitto.conf expects them. None is a secret.
    private static IReadOnlyList<ContainerFileSystemItem> Files() =>
        [File("mosquitto.conf", "container"), File("start.sh", "container"), File("passwords.sh"), File("tally.acl"), File("keep.sh"), new ContainerDirectory { Name = "conf.d", Entries = [File("tally.conf")] }];

    private static ContainerFile File(string name, string folder = "") =>
        new() { Name = name, Contents = System.IO.File.ReadAllText(Path.Combine(Repository.Root, "services", "Broker", folder, name)) };
}
