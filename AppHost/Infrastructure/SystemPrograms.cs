namespace Tally.AppHost.Infrastructure;

/// <summary>A program of the system's packages.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="LibraryPath">LD_LIBRARY_PATH it needs; null for one that is installed.</param>
internal sealed record SystemProgram(string Path, string? LibraryPath);

/// <summary>Finds the programs that <c>run.sh</c> brings: installed ones first, then those unpacked below <c>artifacts/packages</c>.</summary>
internal static class SystemPrograms
{
    private static readonly string Packages = Path.Combine(Repository.Root, "artifacts", "packages");

    /// <summary>The broker.</summary>
    /// <exception cref="EnvironmentException">It is not there.</exception>
    public static SystemProgram Mosquitto() => Find("mosquitto", ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"], [Path.Combine(Packages, "usr/sbin")])
        ?? throw new EnvironmentException("mosquitto is not installed: ./run.sh brings it, or install the package 'mosquitto'.");

    /// <summary>A program of PostgreSQL's server, from the newest version that is there.</summary>
    /// <exception cref="EnvironmentException">It is not there.</exception>
    public static SystemProgram Postgres(string name) =>
        Find(
            name,
            // Debian; PostgreSQL's own RPMs; Alpine; Homebrew. Elsewhere it is on PATH.
            [.. Versions("/usr/lib/postgresql/*/bin"), .. Versions("/usr/pgsql-*/bin"), .. Versions("/usr/libexec/postgresql*"), .. Versions("/opt/homebrew/opt/postgresql*/bin")],
            Versions(Path.Combine(Packages, "usr/lib/postgresql/*/bin")))
        ?? throw new EnvironmentException($"PostgreSQL's {name} is not installed: ./run.sh brings it, or install the package 'postgresql'.");

    private static SystemProgram? Find(string name, IEnumerable<string> installed, IEnumerable<string> unpacked)
    {
        var found = installed.Concat(OnPath()).Select(directory => Path.Combine(directory, name)).FirstOrDefault(IsProgram);
        if (found is not null) return new SystemProgram(found, null);

        found = unpacked.Select(directory => Path.Combine(directory, name)).FirstOrDefault(IsProgram);
        return found is null ? null : new SystemProgram(found, LibraryPath());
    }

    private static string[] OnPath() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    private static bool IsProgram(string path)
    {
        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        var file = new FileInfo(path);
        var target = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) ?? file : file; // a link that leads nowhere exists, too
        return target.Exists && !OperatingSystem.IsWindows() && (target.UnixFileMode & Executable) != 0;
    }

    private static string LibraryPath()
    {
        var libraries = Path.Combine(Packages, "usr", "lib");
        return string.Join(Path.PathSeparator, Directory.GetDirectories(libraries, "*-linux-gnu*").Append(libraries));
    }

    // The one * of the pattern stands for the version; newest first.
    private static IEnumerable<string> Versions(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        var parent = pattern[..pattern.LastIndexOf('/', star)];
        var name = pattern[(parent.Length + 1)..(star + 1)];
        return !Directory.Exists(parent)
            ? []
            : Directory.GetDirectories(parent, name)
                .OrderByDescending(directory => int.TryParse(string.Concat(Path.GetFileName(directory).Where(char.IsAsciiDigit)), out var number) ? number : 0)
                .Select(directory => directory + pattern[(star + 1)..]);
    }
}
