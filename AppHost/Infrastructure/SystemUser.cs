using System.Diagnostics;

namespace Tally.AppHost.Infrastructure;

/// <summary>
/// Who runs what. PostgreSQL refuses to run as root and the broker has no need of it: started by root they run as the users
/// that their packages make. An ordinary user runs everything.
/// </summary>
internal static class SystemUser
{
    /// <summary>The user that a program of root's runs as: that one, or nobody where it is not there. Null: we are not root.</summary>
    public static string? InsteadOfRoot(string preferred) => !Environment.IsPrivilegedProcess ? null : Exists(preferred) ? preferred : "nobody";

    /// <summary>The command that goes before a command line to run it as that user; it becomes that command, so the process number stays.</summary>
    public static IReadOnlyList<string> BecomeCommand(string user) =>
        ["setpriv", $"--reuid={user}", $"--regid={GroupOf(user)}", "--init-groups", "--"];

    /// <summary>Whether that user may go through that directory.</summary>
    public static bool CanReach(string user, string directory) => Run([.. BecomeCommand(user), "test", "-x", directory]) == 0;

    /// <summary>Gives a directory and all that is in it to that user.</summary>
    public static void Give(string directory, string user)
    {
        if (Run(["chown", "-R", $"{user}:{GroupOf(user)}", directory]) != 0)
            throw new InvalidOperationException($"{directory} could not be given to the user {user} (chown said no).");
    }

    private static bool Exists(string user) => Entries().Any(entry => entry[0] == user);

    // By number: "nobody" has the group "nogroup" here and "nobody" there.
    private static string GroupOf(string user) => Entries().First(entry => entry[0] == user)[3];

    private static IEnumerable<string[]> Entries() =>
        File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(entry => entry.Length > 3);

    private static int Run(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0]) { WorkingDirectory = "/" };
        foreach (var argument in command.Skip(1)) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>Makes a directory that every user may go through, with its parents, whatever our umask is.</summary>
    public static void MakeOpenDirectory(string path)
    {
        const UnixFileMode Open =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
            UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("Tally needs Linux or macOS.");
        var missing = new Stack<string>();
        for (var directory = path; directory is not null && !Directory.Exists(directory); directory = Path.GetDirectoryName(directory)) missing.Push(directory);
        foreach (var directory in missing)
        {
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, Open);
        }
    }
}
