using System.Collections.Concurrent;
using Tally.AppHost.Running;
using Tally.Testing.Processes;

namespace Tally.Integration.Tests.Simulator;

/// <summary>The simulator as a user starts it.</summary>
internal sealed class SimulatorProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ChildProcess _process;

    private SimulatorProcess(string[] arguments, Dictionary<string, string> environment) => _process = ChildProcess.Start(
        new ChildCommand
        {
            Name = "simulator",
            Program = DotnetHost.Path,
            Arguments = [Path.Combine(AppContext.BaseDirectory, "Tally.SensorSimulator.dll"), .. arguments],
            Environment = environment,
        },
        _lines.Enqueue);

    /// <summary>All it wrote.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Ends with the process and gives its exit status.</summary>
    public Task<int> Exited => _process.Exited;

    public static SimulatorProcess Start(Uri broker, Uri api, params string[] arguments) => new(
        arguments, new() { ["ConnectionStrings__mqtt"] = broker.OriginalString, ["services__queryapi__http__0"] = api.OriginalString });

    /// <summary>Starts it with nothing configured but its arguments.</summary>
    public static SimulatorProcess StartBare(params string[] arguments) => new(arguments, []);

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => _process.Send(Signal.Interrupt);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
