using System.Runtime.InteropServices;

namespace Tally.AppHost.Running;

/// <summary>Ctrl-C, SIGTERM and the end of the terminal: the first asks for an orderly stop, the second for the end at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _first = new();
    private readonly CancellationTokenSource _second = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Take),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Take),
    ];

    /// <summary>Set by the first.</summary>
    public CancellationToken First => _first.Token;

    /// <summary>Set by the second.</summary>
    public CancellationToken Second => _second.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true; // we end by ourselves
        if (_first.IsCancellationRequested) _second.Cancel();
        else _first.Cancel();
    }
}
