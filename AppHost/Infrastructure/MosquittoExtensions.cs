using MQTTnet;
using MQTTnet.Exceptions;

namespace Tally.AppHost.Infrastructure;

/// <summary>Adds Mosquitto with the repository's own files, and lets services use it.</summary>
internal static class MosquittoExtensions
{
    private const int ContainerPort = 1883; // IANA's for MQTT

    // The broker's user and group in its image. Not root: what writes the password file is also what reads it.
    private const int ContainerUser = 1883;

    /// <summary>Adds the broker as a container. Its password file is made inside, from the passwords in its environment.</summary>
    public static IResourceBuilder<IMosquittoResource> AddMosquittoContainer(
        this IDistributedApplicationBuilder builder, string name, IReadOnlyDictionary<string, ParameterResource> passwords, int port, string volume)
    {
        var mosquitto = builder.AddResource(new MosquittoContainer(name, passwords));
        return mosquitto
            .WithImageOf("MOSQUITTO_IMAGE")
            .WithEndpoint(port: port, targetPort: ContainerPort, name: IMosquittoResource.EndpointName, scheme: IMosquittoResource.EndpointName, isProxied: false)
            .WithEntrypoint("sh")
            .WithArgs("/mosquitto/config/start.sh")
            .WithEnvironment("BROKER_USERS", mosquitto.Resource.Users)
            .WithContainerFiles("/mosquitto/config", Files(), defaultOwner: ContainerUser, defaultGroup: ContainerUser)
            .WithVolume(volume, "/mosquitto/data")
            .WithContainerRuntimeArgs("--user", $"{ContainerUser}:{ContainerUser}", "--tmpfs", "/run/mosquitto")
            .WithConnectCheck();
    }

    /// <summary>Adds the broker as a program of this machine.</summary>
    public static IResourceBuilder<IMosquittoResource> AddMosquittoExecutable(
        this IDistributedApplicationBuilder builder, string name, IReadOnlyDictionary<string, ParameterResource> passwords, int port, MosquittoDirectory directory) =>
        builder.AddResource(new MosquittoExecutable(name, directory.Program, passwords))
            .WithProgram(directory.Program)
            .WithEndpoint(port: port, targetPort: port, name: IMosquittoResource.EndpointName, scheme: IMosquittoResource.EndpointName, isProxied: false)
            .WithConnectCheck();

    /// <summary>Gives a service the broker's address with the service's own user, and lets it wait until the broker lets users in.</summary>
    public static IResourceBuilder<T> WithBroker<T>(this IResourceBuilder<T> service, IResourceBuilder<IMosquittoResource> mosquitto, string user)
        where T : IResourceWithEnvironment, IResourceWithWaitSupport =>
        service.WithEnvironment("ConnectionStrings__mqtt", mosquitto.Resource.AddressOf(user)).WithReferenceRelationship(mosquitto.Resource).WaitFor(mosquitto);

    /// <summary>What is missing until the broker lets a user in: null when CONNACK said yes (MQTT 3.1.1, 3.2).</summary>
    public static async Task<string?> WhatIsMissingAsync(int port, string user, string password, CancellationToken cancellationToken)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithCredentials(user, password)
            .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V311).WithTimeout(TimeSpan.FromSeconds(2)).Build();
        try
        {
            await client.ConnectAsync(options, cancellationToken);
            await client.DisconnectAsync(cancellationToken: cancellationToken);
            return null;
        }
        catch (Exception error) when (error is MqttCommunicationException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return $"it does not let a user in: {error.Message}";
        }
    }

    // A port that is open says little: healthy is a broker that answers a real CONNECT.
    private static IResourceBuilder<T> WithConnectCheck<T>(this IResourceBuilder<T> mosquitto) where T : IMosquittoResource =>
        mosquitto.WithIconName("ArrowSwap").WithReadyCheck(async cancel =>
            await WhatIsMissingAsync(
                mosquitto.Resource.Endpoint.Port, IMosquittoResource.Viewer, await mosquitto.Resource.Passwords[IMosquittoResource.Viewer].GetValueAsync(cancel) ?? "", cancel));

    // Where services/Broker/container/mosquitto.conf expects them. None is a secret.
    private static IReadOnlyList<ContainerFileSystemItem> Files()
    {
        return [Of("mosquitto.conf", "container"), Of("start.sh", "container"), Of("passwords.sh"), Of("tally.acl"), new ContainerDirectory { Name = "conf.d", Entries = [Of("tally.conf")] }];

        static ContainerFile Of(string name, string folder = "") =>
            new() { Name = name, Contents = File.ReadAllText(Path.Combine(Repository.Root, "services", "Broker", folder, name)) };
    }
}
