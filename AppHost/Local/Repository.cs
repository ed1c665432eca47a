namespace Tally.AppHost.Local;

/// <summary>The clone we run from.</summary>
internal static class Repository
{
    private const string Marker = "Microservices.sln";

    /// <summary>Its root: the nearest directory above the program that holds the solution.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>Build configuration of this program, which the services are started from too: <c>Release</c> of <c>bin/Release/net10.0</c>.</summary>
    public static string Configuration { get; } =
        Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))) ?? "Release";

    /// <summary>Target framework of this program: <c>net10.0</c>.</summary>
    public static string Framework { get; } = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    private static string Find(string from)
    {
        for (var directory = new DirectoryInfo(from); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, Marker))) return directory.FullName;
        }

        throw new InvalidOperationException($"There is no {Marker} above {from}: AppHost's local mode runs from a clone.");
    }
}
