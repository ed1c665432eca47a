namespace Tally.AppHost.Infrastructure;

/// <summary>The clone that AppHost runs from.</summary>
internal static class Repository
{
    private const string Marker = "Microservices.sln";

    /// <summary>Its root: the nearest directory above the program that holds the solution.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>Where a project's program and its files were built, in the configuration of this program: <c>bin/Release/net10.0</c> of the project.</summary>
    public static string OutputOf(IProjectMetadata project) => OutputOf(Path.GetDirectoryName(project.ProjectPath)!);

    /// <summary>The same of a project's folder, relative to the root or absolute.</summary>
    public static string OutputOf(string folder)
    {
        var own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var (framework, configuration) = (Path.GetFileName(own), Path.GetFileName(Path.GetDirectoryName(own)));
        return Path.Combine(Root, folder, "bin", configuration!, framework);
    }

    private static string Find(string from)
    {
        for (var directory = new DirectoryInfo(from); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, Marker))) return directory.FullName;
        }

        throw new InvalidOperationException($"There is no {Marker} above {from}: AppHost runs from a clone.");
    }
}
