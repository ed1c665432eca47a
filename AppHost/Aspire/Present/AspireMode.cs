using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tally.AppHost.Local;

namespace Tally.AppHost.Aspire;

/// <summary>Broker and database as containers, services as projects, all in the Aspire dashboard.</summary>
internal static class AspireMode
{
    /// <summary>Why this build has no Aspire: it has.</summary>
    public static string? WhyNotBuilt => null;

    /// <summary>Why Aspire cannot start anything here; null when it can.</summary>
    public static async Task<string?> WhyNotHereAsync(CancellationToken cancellationToken) =>
        HasOrchestrator()
            ? await ContainerEngine.WhyNotAsync(cancellationToken)
            : "Aspire's orchestrator is not in this build, because its package was not in the NuGet package folder (docs/aspire.md)";

    /// <summary>Starts everything and goes on until Ctrl-C; or writes files, where the <c>aspire</c> command asks for that.</summary>
    /// <param name="options">What our command line asks for.</param>
    /// <param name="arguments">Arguments for Aspire.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunAsync(RunOptions options, string[] arguments)
    {
        if (!AspireCli.IsPublishing(arguments)) LaunchProfile.SetWhereThereIsNone();
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = arguments,
            ProjectDirectory = Path.Combine(Repository.Root, "AppHost"), // wherever it is started: the names of the volumes hang on it
        });
        builder.Services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning)); // each question of the dashboard
        try
        {
            builder.AddTally(options);
        }
        catch (EnvironmentException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return ExitStatus.Environment;
        }

        await using var application = builder.Build();
        await application.RunAsync();
        return Environment.ExitCode; // a publication that failed has set it
    }

    // The build writes its path into this assembly where the package is there; the aspire command gives its own in a variable.
    private static bool HasOrchestrator() =>
        Environment.GetEnvironmentVariable("ASPIRE_DCP_PATH") is { Length: > 0 }
        || typeof(AspireMode).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Any(data => data.Key.Equals("dcpclipath", StringComparison.OrdinalIgnoreCase) && File.Exists(data.Value));
}
