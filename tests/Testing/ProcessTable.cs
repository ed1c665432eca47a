using System.Globalization;

namespace Tally.Testing;

/// <summary>Which processes there are, as /proc says.</summary>
public static class ProcessTable
{
    /// <summary>The processes that a process has started and that are still there.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent) => [.. All().Where(pid => ParentOf(pid) == parent)];

    /// <summary>Whether it is there and not a zombie, which only waits for its parent to ask for its status.</summary>
    public static bool IsRunning(int pid) => Stat(pid) is { } stat && stat[0] is not ("Z" or "X");

    /// <summary>All process numbers.</summary>
    public static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(directory => int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
        .Where(pid => pid > 0);

    private static int ParentOf(int pid) => Stat(pid) is { } stat ? int.Parse(stat[1], CultureInfo.InvariantCulture) : 0;

    // "123 (name, with anything in it) S 1 …": state and parent are the first two after the last parenthesis.
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null; // it has just ended
        }
    }
}
