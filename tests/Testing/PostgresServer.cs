using Npgsql;
using Tally.AppHost.Local;
using Tally.AppHost.Local.Processes;

namespace Tally.Testing;

/// <summary>A PostgreSQL of its own, on a free port, with fsync on; as AppHost's local mode starts it, only smaller.</summary>
public sealed class PostgresServer : IPostgres
{
    // Small enough for a dozen at once, large enough that nothing but the workload decides.
    private static readonly PostgresSettings Settings = new() { SharedBuffers = "32MB", MaxWalSize = "512MB", MaxConnections = 100 };

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly LocalPostgres _postgres;
    private ChildProcess _process;
    private int _databases;

    private PostgresServer(string directory, LocalPostgres postgres, ChildProcess process) =>
        (_directory, _postgres, _process) = (directory, postgres, process);

    /// <summary>Number of its process; another one after each start.</summary>
    public int ProcessId => _process.Id;

    /// <inheritdoc/>
    public string ConnectionString => _postgres.ConnectionStringOf("postgres");

    /// <summary>The last lines of its log.</summary>
    public IReadOnlyList<string> LastLines => _process.LastLines;

    /// <summary>Makes a data directory and starts it.</summary>
    public static Task<PostgresServer> StartAsync(CancellationToken cancellationToken) => StartAsync(Settings, cancellationToken);

    /// <summary>The same with other settings: those of AppHost's local mode, where speed is measured.</summary>
    internal static async Task<PostgresServer> StartAsync(PostgresSettings settings, CancellationToken cancellationToken)
    {
        var directory = TestDirectory.Make("postgres");
        var postgres = new LocalPostgres(Path.Combine(directory, "postgres"), FreePort.Any(), "test", settings);
        await postgres.PrepareAsync(cancellationToken);
        var server = new PostgresServer(directory, postgres, ChildProcess.Start(postgres.Command, onLine: null));
        await server.UntilReadyAsync(cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await _postgres.EnsureDatabaseAsync(name, cancellationToken);
        return _postgres.ConnectionStringOf(name);
    }

    /// <inheritdoc/>
    public async Task StopAsync()
    {
        if (!await _process.StopAsync(StopTimeout)) throw new TimeoutException($"PostgreSQL did not stop within {StopTimeout.TotalSeconds} s.");
    }

    /// <inheritdoc/>
    public async Task KillAsync()
    {
        var backends = ProcessTable.ChildrenOf(_process.Id);
        await _process.KillAsync();
        foreach (var backend in backends) Signals.Send(backend, Signal.Kill); // they are leaving anyway: their postmaster is gone
        await Eventually.UntilAsync(() => !backends.Any(ProcessTable.IsRunning), "all processes of PostgreSQL to be gone");
    }

    /// <inheritdoc/>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        await _process.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        _process = ChildProcess.Start(_postgres.Command, onLine: null);
        await UntilReadyAsync(cancellationToken);
    }

    /// <summary>Stops it and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StopTimeout);
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task UntilReadyAsync(CancellationToken cancellationToken) => Eventually.UntilAsync(
        async () => !_process.Exited.IsCompleted
            ? await _postgres.IsReadyAsync(cancellationToken)
            : throw new InvalidOperationException($"PostgreSQL ended with {await _process.Exited}:\n{string.Join('\n', LastLines)}"),
        "PostgreSQL to take connections");
}
