namespace Tally.Testing;

/// <summary>A directory of its own for one server, below the system's temporary directory, that the server's user can reach.</summary>
internal static class TestDirectory
{
    public static string Make(string name)
    {
        var directory = Directory.CreateTempSubdirectory($"tally-{name}-").FullName;
        // Made for us alone; PostgreSQL and Mosquitto run as other users when we are root, and protect their own parts.
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess) File.SetUnixFileMode(directory, Readable);
        return directory;
    }

    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
}
