using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Tally.AppHost.Infrastructure;

/// <summary>What several resources have in common.</summary>
internal static class ResourceExtensions
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50); // between two looks

    // Aspire looks again only after a second or more. A start is shorter, so one check looks often for as long as a start may take.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>The resource is healthy when nothing is missing.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="whatIsMissingAsync">Says what is missing; null: nothing.</param>
    public static IResourceBuilder<T> WithReadyCheck<T>(this IResourceBuilder<T> builder, Func<CancellationToken, Task<string?>> whatIsMissingAsync) where T : IResource
    {
        var key = $"{builder.Resource.Name}-ready";
        builder.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(key, async cancellationToken =>
        {
            for (var end = DateTime.UtcNow + Patience; ; await Task.Delay(Pause, cancellationToken))
            {
                if (await whatIsMissingAsync(cancellationToken) is not { } missing) return HealthCheckResult.Healthy();
                if (DateTime.UtcNow > end) return HealthCheckResult.Unhealthy(missing);
            }
        });
        return builder.WithHealthCheck(key);
    }

    /// <summary>Arguments and environment of a program of this machine.</summary>
    public static IResourceBuilder<T> WithProgram<T>(this IResourceBuilder<T> builder, ServerProgram program) where T : ExecutableResource
    {
        builder.WithArgs([.. program.Arguments]);
        return program.LibraryPath is { } path ? builder.WithEnvironment("LD_LIBRARY_PATH", path) : builder;
    }

    /// <summary>The image that a line of <c>images.env</c> names; a digest takes the tag's place.</summary>
    public static IResourceBuilder<T> WithImageOf<T>(this IResourceBuilder<T> builder, string variable) where T : ContainerResource
    {
        var image = ImageReference.Of(variable);
        builder.WithImage(image.Name, image.Tag).WithImageRegistry(image.Registry);
        return image.Sha256 is { } sha256 ? builder.WithImageSHA256(sha256) : builder;
    }
}
