using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;

namespace Tally.Containers.Tests;

/// <summary>The container engine that Testcontainers has found, and what tests ask of it that Testcontainers has no word for.</summary>
internal static class ContainerEngine
{
    // One for the whole process: it holds a few connections.
    private static readonly Lazy<DockerClient?> Found = new(() => TestcontainersSettings.OS.DockerEndpointAuthConfig?.GetDockerClientBuilder().Build());

    private static readonly Lazy<Task<string?>> Trouble = new(AskAsync);

    private static DockerClient Client => Found.Value ?? throw new InvalidOperationException("There is no container engine: WhyNotAsync says why.");

    /// <summary>Why nothing can be started, in one line; null: it can.</summary>
    public static Task<string?> WhyNotAsync() => Trouble.Value;

    /// <summary>Ends a container's processes as a power cut would. It is still there, and can be started again.</summary>
    public static Task KillAsync(IContainer container, CancellationToken cancellationToken) =>
        Client.Containers.KillContainerAsync(container.Id, new ContainerKillParameters { Signal = "SIGKILL" }, cancellationToken);

    /// <summary>Starts a container again and does not wait for anything; Testcontainers' own way waits until it is ready.</summary>
    public static Task StartAsync(IContainer container, CancellationToken cancellationToken) =>
        Client.Containers.StartContainerAsync(container.Id, cancellationToken: cancellationToken);

    /// <summary>When an image was made; null: there is none of that name.</summary>
    public static async Task<DateTime?> ImageTimeAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await Client.Images.InspectImageAsync(name, cancellationToken)).Created;
        }
        catch (DockerImageNotFoundException)
        {
            return null;
        }
    }

    private static async Task<string?> AskAsync()
    {
        if (Found.Value is not null) return null;

        // Nothing that Testcontainers can speak to. Asked without a version of the API, an older engine answers all the same.
        using var client = new DockerClientBuilder().Build();
        try
        {
            var version = await client.System.GetVersionAsync();
            return $"The container engine speaks API {version.APIVersion}, and Testcontainers asks for a newer one: DOCKER_API_VERSION={version.APIVersion} makes it ask for this.";
        }
        catch (Exception error) // whatever it is, it is told
        {
            return $"No container engine answers at {client.Options.Endpoint} (DOCKER_HOST): {error.GetBaseException().Message.ReplaceLineEndings(" ")}";
        }
    }
}
