using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Tally.AppHost.Tests;

/// <summary>AppHost's resources as Aspire has them after its Program has run, before anything is started.</summary>
internal static class Model
{
    /// <summary>Runs AppHost up to that point.</summary>
    public static Task<IDistributedApplicationTestingBuilder> MakeAsync(params string[] arguments) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>([.. arguments, "--aspire"], TestContext.Current.CancellationToken);

    /// <summary>A resource by its name.</summary>
    public static T Find<T>(this IDistributedApplicationTestingBuilder model, string name) where T : IResource =>
        model.Resources.OfType<T>().Single(resource => resource.Name == name);

    /// <summary>What it waits for, with the way it does.</summary>
    public static IEnumerable<(string Name, WaitType Type)> Waits(this IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>().Select(wait => (wait.Resource.Name, wait.WaitType));

    /// <summary>Its variables, in which other resources are still expressions.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> VariablesAsync(this IDistributedApplicationTestingBuilder model, string name) =>
        (await model.ConfigurationAsync(name)).EnvironmentVariables.ToDictionary();

    /// <summary>Its arguments.</summary>
    public static async Task<IEnumerable<string>> ArgumentsAsync(this IDistributedApplicationTestingBuilder model, string name) =>
        (await model.ConfigurationAsync(name)).Arguments.Select(argument => argument.Value);

    private static async Task<IExecutionConfigurationResult> ConfigurationAsync(this IDistributedApplicationTestingBuilder model, string name)
    {
        await using var services = model.Services.BuildServiceProvider();
        // Addresses are known only of what was started: as if for a file, they stay expressions.
        var publishing = new DistributedApplicationExecutionContext(
            new DistributedApplicationExecutionContextOptions(DistributedApplicationOperation.Publish) { Services = services });
        return await ExecutionConfigurationBuilder.Create(model.Find<ProjectResource>(name)).WithArgumentsConfig().WithEnvironmentVariablesConfig()
            .BuildAsync(publishing, cancellationToken: TestContext.Current.CancellationToken);
    }
}
