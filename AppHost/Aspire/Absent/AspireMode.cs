namespace Tally.AppHost.Aspire;

/// <summary>Stands in for starting on Aspire where its packages were not there to compile it.</summary>
internal static class AspireMode
{
    public static string? WhyNotBuilt => "this build has no Aspire, because its packages were not in the NuGet package folder (docs/aspire.md says how they come there)";

    public static Task<string?> WhyNotHereAsync(CancellationToken cancellationToken) => Task.FromResult(WhyNotBuilt);

    public static Task<int> RunAsync(RunOptions options, string[] arguments) => throw new NotSupportedException(WhyNotBuilt);
}
