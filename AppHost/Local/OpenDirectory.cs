namespace Tally.AppHost.Local;

/// <summary>Directories that other users can go through, whatever our umask is.</summary>
internal static class OpenDirectory
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Makes one, with its parents.</summary>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("The local mode needs Linux or macOS.");
        var missing = new Stack<string>();
        for (var directory = path; directory is not null && !Directory.Exists(directory); directory = Path.GetDirectoryName(directory)) missing.Push(directory);
        foreach (var directory in missing)
        {
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, Mode);
        }
    }
}
