using System.Diagnostics;
using System.Reflection;
using Npgsql;
using Tally.AppHost.Infrastructure;
using Tally.Benchmarks.Pipeline;
using Tally.ServiceDefaults;

namespace Tally.Benchmarks.Tracing;

/// <summary>One of the two things compared: a broker, a database, all services and a simulator, with export or without.</summary>
internal sealed class TracedSide : IAsyncDisposable
{
    private const string SimulatorName = "simulator";

    private readonly PipelineServices _services;
    private readonly Process _simulator;
    private readonly int _slice;
    private int _runs;

    private TracedSide(PipelineServices services, Process simulator, int slice) => (_services, _simulator, _slice) = (services, simulator, slice);

    /// <summary>Starts it.</summary>
    /// <param name="slice">Messages in a slice.</param>
    /// <param name="devices">Devices that take turns.</param>
    /// <param name="every">One of so many readings is sampled.</param>
    /// <param name="rate">Messages a second; 0: as fast as they are acknowledged.</param>
    /// <param name="receiver">Where telemetry goes; null: nowhere.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    public static async Task<TracedSide> StartAsync(int slice, int devices, int every, int rate, Uri? receiver, CancellationToken cancellationToken)
    {
        var services = await PipelineServices.StartAsync(cancellationToken, withApi: true, Configure);
        var environment = new Dictionary<string, string> { [TracingSideCommand.BrokerVariable] = services.SimulatorAddress.OriginalString };
        Configure(environment, SimulatorName);
        return new TracedSide(services, StartSimulator(environment, [$"{slice}", $"{devices}", $"{every}", $"{rate}"]), slice);

        void Configure(Dictionary<string, string> environment, string name)
        {
            if (receiver is null) return;
            (environment["OTEL_SERVICE_NAME"], environment["OTEL_EXPORTER_OTLP_ENDPOINT"]) = (name, receiver.OriginalString);
            foreach (var (variable, value) in Telemetry.Intervals) environment[variable] = value; // as AppHost says it
        }
    }

    /// <summary>Executes one slice.</summary>
    public async Task PublishAsync(CancellationToken cancellationToken)
    {
        await _simulator.StandardInput.WriteLineAsync($"slice-{++_runs}".AsMemory(), cancellationToken);
        await _simulator.StandardInput.FlushAsync(cancellationToken);
        var answer = await _simulator.StandardOutput.ReadLineAsync(cancellationToken);
        if (answer != TracingSideCommand.Done) throw new InvalidOperationException(answer ?? "The simulator ended; its message stands above.");
    }

    /// <summary>Begins to count what each process uses.</summary>
    public UsageSampler Count()
    {
        var usage = new UsageSampler();
        foreach (var (name, id) in _services.Processes.Append((SimulatorName, _simulator.Id))) usage.Add(name, () => id);
        return usage;
    }

    /// <summary>What they have used since then, in which one slice was executed.</summary>
    /// <returns>Microseconds of processor time for each message, of each process.</returns>
    public async Task<IReadOnlyDictionary<string, double>> CountedAsync(UsageSampler since)
    {
        await since.RunAsync(new CancellationToken(canceled: true)); // one look, the last
        return since.Usage().ToDictionary(one => one.Name, one => one.CpuSeconds * 1e6 / _slice);
    }

    /// <summary>A cost is worth nothing if the work was not done.</summary>
    public async Task CheckStoredAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_services.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        // Identities are kept single by the primary key. The whole table is read: four million rows took longer than the 30 s that are the default.
        await using var command = new NpgsqlCommand("select count(*) from readings", connection) { CommandTimeout = 120 };
        var stored = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        var published = (long)_slice * _runs;
        if (stored != published) throw new InvalidOperationException($"{published:N0} readings were published and {stored:N0} are stored.");
    }

    public async ValueTask DisposeAsync()
    {
        _simulator.StandardInput.Close(); // it ends, and so do its spans and numbers
        await _simulator.WaitForExitAsync();
        _simulator.Dispose();
        await _services.DisposeAsync();
    }

    private static Process StartSimulator(Dictionary<string, string> environment, IEnumerable<string> arguments)
    {
        // The same program again: its own host, or the dotnet host with its assembly.
        var host = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        var start = new ProcessStartInfo(host) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet") start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in arguments.Prepend(TracingSideCommand.Verb)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{host} did not start.");
    }
}
