using System.Diagnostics;
using System.Globalization;
using Tally.AppHost.Running;

namespace Tally.Testing.Processes;

/// <summary>
/// Ends the children of this process when it ends, however it ends. A small shell holds the reading end of a pipe whose only
/// writing end is ours: the kernel closes that also after SIGKILL, and at its end of file the shell stops what it was told to watch,
/// the last one started first (lifeline.sh). (<c>--pdeathsig</c> will not do: it is bound to the thread that started the child, and threads of the pool end.)
/// </summary>
internal sealed class Lifeline
{
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
            if (_shell is { HasExited: false }) Tell(_shell, $"+ {pid} {(int)signal}");
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
        var start = OwnSession.StartOf("lifeline.sh", _lockFile);
        start.WorkingDirectory = "/";
        _shell = Process.Start(start) ?? throw new InvalidOperationException("The shell that guards the children did not start.");
        foreach (var (pid, signal) in _watched) Tell(_shell, $"+ {pid} {(int)signal}");
    }

    private static void Tell(Process shell, FormattableString line)
    {
        shell.StandardInput.Write(line.ToString(CultureInfo.InvariantCulture) + "\n");
        shell.StandardInput.Flush();
    }
}
