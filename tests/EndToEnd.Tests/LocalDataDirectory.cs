namespace Tally.EndToEnd.Tests;

/// <summary>A directory for <c>--data</c>, removed in the end.</summary>
internal sealed class LocalDataDirectory : IDisposable
{
    public LocalDataDirectory()
    {
        Path = Directory.CreateTempSubdirectory("tally-endtoend-").FullName;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path, Reachable);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    // The users of broker and database have to get through when we are root.
    private const UnixFileMode Reachable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
}
