using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.AppHost.Local;

namespace Tally.AppHost.Aspire;

/// <summary>Adds Mosquitto with the repository's own files, and lets services use it.</summary>
internal static class MosquittoExtensions
{
    private const int Port = 1883; // IANA's for MQTT

    // The broker's user and group in its image. Not root: what writes the password file is also what reads it.
    private const int User = 1883;

    // An answer takes milliseconds; MqttProbe gives up after two seconds by itself.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Adds the broker. Its password file is made inside the container, from the passwords in its environment.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">Name of the resource.</param>
    /// <param name="image">Its image.</param>
    /// <param name="passwords">Password of each of <see cref="BrokerUsers.All"/>.</param>
    /// <param name="port">Port on this machine; null: any.</param>
    public static IResourceBuilder<MosquittoResource> AddMosquitto(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        ImageReference image,
        IReadOnlyDictionary<string, ParameterResource> passwords,
        int? port)
    {
        var mosquitto = builder.AddResource(new MosquittoResource(name, passwords));
        return mosquitto
            .WithImage(image)
            .WithDigest(image)
            .WithIconName("ArrowSwap")
            .WithEndpoint(port: port, targetPort: Port, name: MosquittoResource.EndpointName, scheme: MosquittoResource.EndpointName)
            .WithEntrypoint("sh")
            .WithArgs("/mosquitto/config/start.sh")
            .WithEnvironment("BROKER_USERS", mosquitto.Resource.Users)
            .WithContainerFiles("/mosquitto/config", BrokerFiles.All(escaped: builder.ExecutionContext.IsPublishMode), defaultOwner: User, defaultGroup: User)
            .WithVolume(VolumeNameGenerator.Generate(mosquitto, "data"), "/mosquitto/data")
            .WithContainerRuntimeArgs("--user", $"{User}:{User}", "--tmpfs", "/run/mosquitto")
            .PublishAsDockerComposeService((_, service) =>
            {
                service.User = $"{User}:{User}";
                service.Tmpfs = ["/run/mosquitto"];
            })
            .WithConnectCheck();
    }

    /// <summary>Gives a service the broker's address with the service's own user, and lets it wait until the broker lets users in.</summary>
    public static IResourceBuilder<T> WithBroker<T>(this IResourceBuilder<T> service, IResourceBuilder<MosquittoResource> mosquitto, string user)
        where T : IResourceWithEnvironment, IResourceWithWaitSupport =>
        service.WithEnvironment("ConnectionStrings__mqtt", mosquitto.Resource.AddressOf(user)).WithReferenceRelationship(mosquitto).WaitFor(mosquitto);

    // A port that is open says little: healthy is a broker that answers a real CONNECT with CONNACK 0.
    private static IResourceBuilder<MosquittoResource> WithConnectCheck(this IResourceBuilder<MosquittoResource> mosquitto)
    {
        var (broker, key) = (mosquitto.Resource, $"{mosquitto.Resource.Name}-connect");
        mosquitto.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(
            key,
            async cancellationToken =>
            {
                if (!broker.PrimaryEndpoint.IsAllocated) return HealthCheckResult.Unhealthy("It has no port yet.");
                var password = await broker.PasswordOf(MosquittoResource.Viewer).GetValueAsync(cancellationToken) ?? "";
                return await MqttProbe.IsAcceptedAsync(broker.PrimaryEndpoint.Port, MosquittoResource.Viewer, password, cancellationToken)
                    ? HealthCheckResult.Healthy()
                    : HealthCheckResult.Unhealthy("It does not let a user in.");
            },
            timeout: ProbeTimeout);
        return mosquitto.WithHealthCheck(key);
    }
}
