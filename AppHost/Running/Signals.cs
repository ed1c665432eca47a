using System.Runtime.InteropServices;

namespace Tally.AppHost.Running;

/// <summary>The signals that are sent to children.</summary>
internal enum Signal
{
    /// <summary>SIGINT: Ctrl-C; PostgreSQL's fast shutdown.</summary>
    Interrupt,

    /// <summary>SIGTERM: stop in an orderly way.</summary>
    Terminate,

    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>SIGSTOP: stand still.</summary>
    Stop,

    /// <summary>SIGCONT: go on.</summary>
    Continue,
}

/// <summary>Sends signals.</summary>
internal static partial class Signals
{
    /// <summary>The name that <c>kill -s</c> takes.</summary>
    public static string NameOf(Signal signal) => signal switch
    {
        Signal.Interrupt => "INT",
        Signal.Terminate => "TERM",
        Signal.Kill => "KILL",
        Signal.Stop => "STOP",
        _ => "CONT",
    };

    /// <summary>Sends a signal to a process, or with a negative number to a process group.</summary>
    /// <returns>False when there is no such process.</returns>
    public static bool Send(int pid, Signal signal) => Kill(pid, NumberOf(signal)) == 0;

    // Linux and the BSDs (macOS) number these two differently.
    private static int NumberOf(Signal signal) => signal switch
    {
        Signal.Interrupt => 2,
        Signal.Terminate => 15,
        Signal.Kill => 9,
        Signal.Stop => OperatingSystem.IsLinux() ? 19 : 17,
        _ => OperatingSystem.IsLinux() ? 18 : 19,
    };

    /// <summary>
    /// Lets SIGINT reach us again where a script started us in the background ("./run.sh &amp;"): the shell has it ignored
    /// then, .NET keeps to that, and <c>kill -INT</c> would do nothing. To be called before anything is written: with its first use of the
    /// console .NET looks whether SIGINT is ignored and takes it over, and this afterwards would undo that.
    /// </summary>
    public static void TakeInterrupts() => SetHandler(NumberOf(Signal.Interrupt), IntPtr.Zero); // SIG_DFL

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial IntPtr SetHandler(int signal, IntPtr handler);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
