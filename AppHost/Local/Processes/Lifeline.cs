using System.Diagnostics;
using System.Globalization;

namespace Tally.AppHost.Local.Processes;

/// <summary>
/// Ends the children of this process when it ends, however it ends. A small shell holds the reading end of a pipe whose only
/// writing end is ours: the kernel closes that also after SIGKILL, and at its end of file the shell stops what it was told to watch,
/// the last one started first. (<c>--pdeathsig</c> will not do: it is bound to the thread that started the child, and threads of the pool end.)
/// </summary>
internal sealed class Lifeline
{
    // A zombie is as good as gone: whoever inherits our children may be slow to ask for their status.
    // Waits 10 s for each child: PostgreSQL writes a checkpoint when it stops; whoever takes longer is killed, and recovers.
    private const string Script = """
        exec >/dev/null 2>&1
        trap '' INT TERM HUP
        [ -z "$1" ] || ! command -v flock || { exec 9>>"$1" && flock 9; }
        is_running() {
          kill -0 "$1" || return 1
          stat=
          read -r stat </proc/"$1"/stat
          case ${stat##*) } in Z*) return 1 ;; esac
        }
        watched=
        while read -r what pid signal; do
          rest=
          for one in $watched; do [ "${one%%:*}" = "$pid" ] || rest="$rest $one"; done
          watched=$rest
          [ "$what" = + ] && watched="$pid:$signal $watched"
        done
        for one in $watched; do
          pid=${one%%:*}
          kill -s "${one#*:}" "$pid" || continue
          tries=100
          while [ $tries -gt 0 ] && is_running "$pid"; do tries=$((tries - 1)); sleep 0.1; done
          [ $tries -gt 0 ] || kill -9 -- "-$pid" || kill -9 "$pid"
        done
        """;

    private readonly Lock _lock = new();
    private readonly List<(int Pid, Signal Signal)> _watched = [];
    private Process? _shell;
    private string _lockFile = "";

    /// <summary>The one of this process.</summary>
    public static Lifeline Shared { get; } = new();

    /// <summary>Has the shell hold a lock on that file for as long as there may be children; where there is no flock(1), nobody does.</summary>
    public void HoldLock(string path)
    {
        lock (_lock) _lockFile = path;
    }

    /// <summary>Has a child ended with us; it has to be released before its number can belong to another process.</summary>
    public void Watch(int pid, Signal signal)
    {
        lock (_lock)
        {
            _watched.Add((pid, signal));
            if (_shell is { HasExited: false }) Tell(_shell, $"+ {pid} {Signals.NameOf(signal)}");
            else Start();
        }
    }

    /// <summary>The child has ended by itself.</summary>
    public void Release(int pid)
    {
        lock (_lock)
        {
            _watched.RemoveAll(child => child.Pid == pid);
            if (_shell is { HasExited: false }) Tell(_shell, $"- {pid}");
        }
    }

    /// <summary>Ends the shell, so that nothing of ours is running any more. What is still watched is stopped.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        Process? shell;
        lock (_lock) (shell, _shell) = (_shell, null);
        if (shell is null) return;
        shell.StandardInput.Close();
        await shell.WaitForExitAsync(cancellationToken);
        shell.Dispose();
    }

    // Also when somebody killed the shell: a new one is told of everything that runs.
    private void Start()
    {
        _shell?.Dispose();
        var start = new ProcessStartInfo(OwnSession.Program) { RedirectStandardInput = true, WorkingDirectory = "/" };
        foreach (var argument in OwnSession.Arguments) start.ArgumentList.Add(argument);
        foreach (var argument in (ReadOnlySpan<string>)["-c", Script, "tally-lifeline", _lockFile]) start.ArgumentList.Add(argument);
        _shell = Process.Start(start) ?? throw new InvalidOperationException("The shell that guards the children did not start.");
        foreach (var (pid, signal) in _watched) Tell(_shell, $"+ {pid} {Signals.NameOf(signal)}");
    }

    private static void Tell(Process shell, FormattableString line)
    {
        shell.StandardInput.Write(line.ToString(CultureInfo.InvariantCulture) + "\n");
        shell.StandardInput.Flush();
    }
}

/// <summary>
/// How a shell is started in a session of its own, so that Ctrl-C on the terminal reaches AppHost alone, which stops the
/// others in order. Without setsid (macOS has none) all get the Ctrl-C at once; the stop is less orderly then, and still complete.
/// </summary>
internal static class OwnSession
{
    private static readonly bool HasSetsid = File.Exists("/usr/bin/setsid") || File.Exists("/bin/setsid");

    /// <summary>Program to start.</summary>
    public static string Program => HasSetsid ? "setsid" : "/bin/sh";

    /// <summary>Arguments before the shell's own.</summary>
    public static IReadOnlyList<string> Arguments => HasSetsid ? ["/bin/sh"] : [];
}
