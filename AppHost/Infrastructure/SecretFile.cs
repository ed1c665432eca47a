namespace Tally.AppHost.Infrastructure;

/// <summary>Files that only their owner may read, from the first byte on.</summary>
internal static class SecretFile
{
    /// <summary>Writes one, in place of what was there.</summary>
    public static void Write(string path, string text)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("Tally needs Linux or macOS.");
        File.Delete(path);
        using var file = new StreamWriter(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(text);
    }
}
