using System.Diagnostics;

namespace Tally.Testing.Processes;

/// <summary>
/// How our shell scripts are started: in a session of their own, so that Ctrl-C on the terminal reaches AppHost alone, which stops
/// the others in order. Without setsid (macOS has none) all get the Ctrl-C at once; the stop is less orderly then, and still complete.
/// </summary>
internal static class OwnSession
{
    private static readonly bool HasSetsid = File.Exists("/usr/bin/setsid") || File.Exists("/bin/setsid");

    /// <summary>A script that lies beside this program, with its arguments. Its input is ours to write.</summary>
    public static ProcessStartInfo StartOf(string script, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(HasSetsid ? "setsid" : "/bin/sh") { RedirectStandardInput = true };
        if (HasSetsid) start.ArgumentList.Add("/bin/sh");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Processes", script));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }
}
