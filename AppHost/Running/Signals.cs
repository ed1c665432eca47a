using System.Runtime.InteropServices;

namespace Tally.AppHost.Running;

/// <summary>The signals that are sent to processes; numbers as on Linux and macOS.</summary>
internal enum Signal { Interrupt = 2, Kill = 9, Terminate = 15 }

internal static partial class Signals
{
    public static void Send(int pid, Signal signal) => _ = Kill(pid, (int)signal);

    // A shell that starts us in the background ("./run.sh &") has SIGINT ignored, and .NET keeps to that. To be called before .NET takes the
    // signal over, which it does with its first use of the console.
    public static void TakeInterrupts() => SetHandler((int)Signal.Interrupt, IntPtr.Zero); // SIG_DFL

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial IntPtr SetHandler(int signal, IntPtr handler);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>Ctrl-C, SIGTERM and the end of the terminal: the first asks for an orderly stop, the second for the end at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _first = new(), _second = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() =>
        _registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(signal => PosixSignalRegistration.Create(signal, Take))];

    public CancellationToken First => _first.Token;
    public CancellationToken Second => _second.Token;

    public void Dispose() => Array.ForEach((IDisposable[])[.. _registrations, _first, _second], one => one.Dispose());

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true; // we end by ourselves
        (_first.IsCancellationRequested ? _second : _first).Cancel();
    }
}
