using Microsoft.Extensions.DependencyInjection;
using Tally.AppHost.Running;
using Tally.Testing;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>AppHost's resources before anything is started, in a data directory of their own.</summary>
internal sealed class Model : IAsyncDisposable
{
    private readonly string _directory;
    private readonly DataDirectory _data;
    private readonly DistributedApplication _application;

    private Model(string directory, DataDirectory data, DistributedApplication application) => (_directory, _data, _application) = (directory, data, application);

    /// <summary>All of them.</summary>
    public IResourceCollection Resources => _application.Services.GetRequiredService<DistributedApplicationModel>().Resources;

    /// <summary>Makes them as a start does.</summary>
    public static async Task<Model> MakeAsync(bool containers, params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        var directory = TestDirectory.Make("model");
        var screen = new Screen(TextWriter.Null, columns: null);
        var options = CommandLine.Parse([.. arguments, "--no-dashboard", "--data", directory], TextWriter.Null).Options! with { Containers = containers };
        var data = await DataDirectory.OpenAsync(options, screen, cancel);
        return new Model(directory, data, TallyModel.Build(options, data));
    }

    /// <summary>A resource by its name.</summary>
    public T Find<T>(string name) where T : IResource => Resources.OfType<T>().Single(resource => resource.Name == name);

    /// <summary>What it waits for, with the way it does.</summary>
    public IEnumerable<(string Name, WaitType Type)> WaitsOf(string name) =>
        Find<IResource>(name).Annotations.OfType<WaitAnnotation>().Select(wait => (wait.Resource.Name, wait.WaitType));

    /// <summary>Its variables, in which other resources are still expressions.</summary>
    public async Task<IReadOnlyDictionary<string, string>> VariablesAsync(string name) =>
        (await ConfigurationAsync(name)).EnvironmentVariables.ToDictionary();

    /// <summary>Its arguments.</summary>
    public async Task<IEnumerable<string>> ArgumentsAsync(string name) => (await ConfigurationAsync(name)).Arguments.Select(argument => argument.Value);

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _data.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<IExecutionConfigurationResult> ConfigurationAsync(string name)
    {
        // Addresses are known only of what was started: as if for a file, they stay expressions.
        var publishing = new DistributedApplicationExecutionContext(
            new DistributedApplicationExecutionContextOptions(DistributedApplicationOperation.Publish) { Services = _application.Services });
        return await ExecutionConfigurationBuilder.Create(Find<IResource>(name)).WithArgumentsConfig().WithEnvironmentVariablesConfig()
            .BuildAsync(publishing, cancellationToken: TestContext.Current.CancellationToken);
    }
}
