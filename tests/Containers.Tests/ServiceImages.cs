using DotNet.Testcontainers.Builders;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.AppHost.Infrastructure;
using Xunit;

namespace Tally.Containers.Tests;

/// <summary>
/// The images of the four services. One that is there and newer than everything it is made of is taken as it is; else it is built from
/// the Dockerfile, and kept for the next time, as <c>docker compose build</c> would. A build wants a package feed:
/// <c>TALLY_IMAGES=present</c> takes what is there, however old, where none can be reached from a container.
/// </summary>
public sealed class ServiceImages : IAsyncLifetime
{
    private const string Variable = "TALLY_IMAGES";
    private const string Present = "present";

    // As compose.yaml and the manifests name them.
    private const string Tag = "0.1.0";

    private static readonly (string Service, string Folder)[] Services =
        [("ingest", "Ingest"), ("ackresponder", "AckResponder"), ("queryapi", "QueryApi"), ("simulator", "SensorSimulator")];

    /// <summary>Name of a service's image.</summary>
    public static string NameOf(string service) => $"tally/{service}:{Tag}";

    public async ValueTask InitializeAsync()
    {
        if (await ContainerEngine.WhyNotAsync() is not null) return;
        var cancel = TestContext.Current.CancellationToken;
        var takePresent = Environment.GetEnvironmentVariable(Variable) switch
        {
            null or "" => false,
            Present => true,
            var other => throw new InvalidOperationException($"{Variable} is '{other}': '{Present}' is allowed, or nothing."),
        };
        var changed = LastChange();
        foreach (var (service, folder) in Services)
        {
            var made = await ContainerEngine.ImageTimeAsync(NameOf(service), cancel);
            if (made is not null && (takePresent || made > changed)) continue;
            if (takePresent) throw new InvalidOperationException($"{Variable} is '{Present}', and there is no image {NameOf(service)}.");
            await BuildAsync(service, folder, cancel);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task BuildAsync(string service, string folder, CancellationToken cancellationToken)
    {
        var builder = new ImageFromDockerfileBuilder()
            .WithDockerfileDirectory(Repository.Root)
            .WithName(NameOf(service))
            .WithBuildArgument("SERVICE", folder)
            .WithCleanUp(false)
            .WithLogger(NullLogger.Instance);
        if (Environment.GetEnvironmentVariable("RestoreSources") is { Length: > 0 } feed) builder = builder.WithBuildArgument("RestoreSources", feed);
        try
        {
            await builder.Build().CreateAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException(
                $"{NameOf(service)} cannot be built: {error.Message.ReplaceLineEndings(" ")} 'docker build --build-arg SERVICE={folder} .' shows why; "
                + $"{Variable}={Present} takes images that are there.",
                error);
        }
    }

    /// <summary>The newest of the files that <c>.dockerignore</c> lets in.</summary>
    private static DateTime LastChange()
    {
        string[] files = ["Dockerfile", ".dockerignore", "global.json", "Directory.Build.props", "Directory.Packages.props", ".editorconfig"];
        return files.Select(file => Path.Combine(Repository.Root, file))
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "services"), "*", SearchOption.AllDirectories).Where(IsSource))
            .Max(File.GetLastWriteTimeUtc);
    }

    private static bool IsSource(string path) =>
        !Path.GetRelativePath(Repository.Root, path).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "Broker");
}
