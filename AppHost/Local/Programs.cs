namespace Tally.AppHost.Local;

/// <summary>A program of the system's packages.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="LibraryPath">LD_LIBRARY_PATH it needs; null for one that is installed.</param>
internal sealed record SystemProgram(string Path, string? LibraryPath)
{
    /// <summary>Environment for it.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; } = LibraryPath is null
        ? new Dictionary<string, string>()
        : new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = LibraryPath };
}

/// <summary>Finds the programs that <c>run.sh</c> brings: installed ones first, then those unpacked below <c>artifacts/packages</c>.</summary>
internal static class Programs
{
    private static readonly string Packages = Path.Combine(Repository.Root, "artifacts", "packages");

    /// <summary>The broker.</summary>
    /// <exception cref="EnvironmentException">It is not there.</exception>
    public static SystemProgram Mosquitto() =>
        Find("mosquitto", ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/opt/mosquitto/sbin"], ["usr/sbin"])
        ?? throw new EnvironmentException("mosquitto is not installed: ./run.sh brings it, or install the package 'mosquitto'.");

    /// <summary>A program of PostgreSQL's server, from the newest version that is there.</summary>
    /// <exception cref="EnvironmentException">It is not there.</exception>
    public static SystemProgram Postgres(string name) =>
        Find(name, VersionsBelow("/usr/lib/postgresql", "bin"), VersionsBelow(Path.Combine(Packages, "usr/lib/postgresql"), "bin"))
        ?? throw new EnvironmentException($"PostgreSQL's {name} is not installed: ./run.sh brings it, or install the package 'postgresql'.");

    private static SystemProgram? Find(string name, IEnumerable<string> installed, IEnumerable<string> unpacked)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var found = installed.Concat(path).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
        if (found is not null) return new SystemProgram(found, null);

        found = unpacked.Select(directory => Path.Combine(Packages, directory, name)).FirstOrDefault(File.Exists);
        return found is null ? null : new SystemProgram(found, LibraryPath());
    }

    private static string LibraryPath()
    {
        var libraries = Path.Combine(Packages, "usr", "lib");
        return string.Join(Path.PathSeparator, Directory.GetDirectories(libraries, "*-linux-gnu*").Append(libraries));
    }

    private static IEnumerable<string> VersionsBelow(string directory, string last) =>
        !Directory.Exists(directory)
            ? []
            : Directory.GetDirectories(directory)
                .OrderByDescending(version => int.TryParse(Path.GetFileName(version), out var number) ? number : 0)
                .Select(version => Path.Combine(version, last));
}
