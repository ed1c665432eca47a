using System.Diagnostics;
using Tally.AppHost.Running;

namespace Tally.Testing.Processes;

/// <summary>A child that cannot outlive us (<see cref="Lifeline"/>), in a session of its own.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // Enough to show why something did not start; a .NET stack trace has about thirty lines.
    private const int KeptLines = 40;

    private readonly Process _process;
    private readonly ChildCommand _command;
    private readonly Queue<string> _lastLines = new();
    private readonly Action<string>? _onLine;

    private ChildProcess(Process process, ChildCommand command, Action<string>? onLine)
    {
        (_process, _command, _onLine) = (process, command, onLine);
        Id = process.Id;
        Lifeline.Shared.Watch(Id, command.StopSignal);
        Release();
        var output = command.WritesThrough
            ? Task.CompletedTask
            : Task.WhenAll(ReadLinesAsync(process.StandardOutput), ReadLinesAsync(process.StandardError));
        Exited = WaitAsync(output);
    }

    /// <summary>Process number; of the program itself, since each shell on the way becomes it.</summary>
    public int Id { get; }

    /// <summary>Ends with the process and gives its exit status, 128 + signal for one that was killed.</summary>
    public Task<int> Exited { get; }

    /// <summary>The last lines it wrote.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_lastLines) return [.. _lastLines];
        }
    }

    /// <summary>Starts a child.</summary>
    /// <param name="command">What to start.</param>
    /// <param name="onLine">Gets each line of its output and errors; called from two threads.</param>
    public static ChildProcess Start(ChildCommand command, Action<string>? onLine)
    {
        var start = OwnSession.StartOf("child.sh", [command.Program, .. command.Arguments]);
        start.RedirectStandardOutput = !command.WritesThrough;
        start.RedirectStandardError = !command.WritesThrough;
        start.WorkingDirectory = command.WorkingDirectory ?? "";
        foreach (var (name, value) in command.Environment) start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{command.Name} did not start: {command.Program}");
        return new ChildProcess(process, command, onLine);
    }

    /// <summary>Sends it a signal, if it is still there.</summary>
    public void Send(Signal signal)
    {
        if (!IsGone) Signals.Send(Id, signal);
    }

    /// <summary>Asks it to stop and kills it, with its process group, when it does not within that time.</summary>
    /// <returns>False when it had to be killed.</returns>
    public async Task<bool> StopAsync(TimeSpan timeout)
    {
        Send(_command.StopSignal);
        try
        {
            await Exited.WaitAsync(timeout);
            return true;
        }
        catch (TimeoutException)
        {
            await KillAsync();
            return false;
        }
    }

    /// <summary>Kills it with its process group.</summary>
    public void Kill()
    {
        if (IsGone) return;
        Signals.Send(-Id, Signal.Kill);
        Send(Signal.Kill);
    }

    /// <summary>Kills it with its process group and waits until it is gone.</summary>
    public Task KillAsync()
    {
        Kill();
        return Exited;
    }

    /// <summary>Kills it if it is still there.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    // Its number may belong to somebody else once it is gone.
    private bool IsGone => Exited.IsCompleted || _process.HasExited;

    // See child.sh.
    private void Release()
    {
        try
        {
            _process.StandardInput.Write("\n");
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already, which Exited says.
        }
    }

    private async Task<int> WaitAsync(Task output)
    {
        await _process.WaitForExitAsync();
        Lifeline.Shared.Release(Id);
        try
        {
            // Its last lines are still in the pipe. Grandchildren may hold the pipe open for as long as they live, hence the limit.
            await output.WaitAsync(TimeSpan.FromSeconds(1));
        }
        catch (TimeoutException)
        {
            return _process.ExitCode;
        }

        return _process.ExitCode;
    }

    private async Task ReadLinesAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > KeptLines) _lastLines.Dequeue();
            }

            _onLine?.Invoke(line);
        }
    }
}
