namespace Tally.AppHost.Infrastructure;

/// <summary>The clone that AppHost runs from.</summary>
internal static class Repository
{
    private static readonly string Own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar); // …/bin/Release/net10.0
    /// <summary>Its root: the nearest directory above the program that holds the solution.</summary>
    public static string Root { get; } = Find(new DirectoryInfo(Own));

    /// <summary>Where a project was built whose folder that is, in the configuration of this program.</summary>
    public static string OutputOf(string folder) => Path.Combine(Root, folder, "bin", Path.GetFileName(Path.GetDirectoryName(Own))!, Path.GetFileName(Own));

    /// <summary>A program of <c>scripts</c>, run in the root: paths are given to it as they lie from there.</summary>
    public static IResourceBuilder<ExecutableResource> AddScript(this IDistributedApplicationBuilder builder, string name, params IEnumerable<string> arguments) =>
        builder.AddExecutable(name, $"scripts/{name}.sh", Root, [.. arguments.Select(argument => Path.IsPathRooted(argument) ? Path.GetRelativePath(Root, argument) : argument)]);

    private static string Find(DirectoryInfo? directory) =>
        directory is null ? throw new InvalidOperationException($"There is no Microservices.sln above {Own}: AppHost runs from a clone.")
        : File.Exists(Path.Combine(directory.FullName, "Microservices.sln")) ? directory.FullName
        : Find(directory.Parent);
}

/// <summary>Third-party images as <c>images.env</c> names them.</summary>
internal static class Images
{
    /// <summary>The image of a line <c>VARIABLE=registry/name:tag</c>, with <c>@sha256:…</c> where it is pinned.</summary>
    public static string Find(string variable)
    {
        var file = Path.Combine(Repository.Root, "images.env");
        return File.ReadLines(file).FirstOrDefault(line => line.StartsWith(variable + "=", StringComparison.Ordinal))?[(variable.Length + 1)..]
            ?? throw new EnvironmentException($"{file} has no line '{variable}=…': git checkout images.env brings it back.");
    }
}
