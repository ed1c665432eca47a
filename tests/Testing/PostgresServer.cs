using System.Net.Sockets;
using Npgsql;
using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;
using Tally.Testing.Processes;

namespace Tally.Testing;

/// <summary>A PostgreSQL of its own, on a free port, with fsync on; as AppHost starts it, only smaller.</summary>
public sealed class PostgresServer : IPostgres
{
    // Small enough for a dozen at once, large enough that nothing but the workload decides.
    private static readonly string[] Settings = [.. Database.Settings, "shared_buffers=32MB", "max_wal_size=512MB", "max_connections=100"];

    private const string Password = "test";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly int _port;
    private readonly string[] _settings;
    private ChildProcess _process;
    private int _databases;

    private PostgresServer(string directory, int port, string[] settings)
    {
        (_directory, _port, _settings) = (directory, port, settings);
        _process = Start();
    }

    /// <summary>Number of its process; another one after each start.</summary>
    public int ProcessId => _process.Id;

    /// <inheritdoc/>
    public string ConnectionString => ConnectionStringOf("postgres");

    /// <summary>The last lines of its log.</summary>
    public IReadOnlyList<string> LastLines => _process.LastLines;

    /// <summary>Makes a data directory and starts it.</summary>
    public static Task<PostgresServer> StartAsync(CancellationToken cancellationToken) => StartAsync(Settings, cancellationToken);

    /// <summary>The same with other settings: those of AppHost, where speed is measured.</summary>
    internal static async Task<PostgresServer> StartAsync(string[] settings, CancellationToken cancellationToken)
    {
        var directory = TestDirectory.Make("postgres");
        await File.WriteAllTextAsync(PasswordFileIn(directory), Password, cancellationToken);
        var server = new PostgresServer(directory, FreePort.Any(), settings);
        await server.UntilReadyAsync(cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        return ConnectionStringOf(name);
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
        _process = Start();
        await UntilReadyAsync(cancellationToken);
    }

    /// <summary>Stops it and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StopTimeout);
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = _port, Username = Database.Owner, Password = Password, Database = database, MaxPoolSize = 20,
    }.ConnectionString;

    private static string PasswordFileIn(string directory) => Path.Combine(directory, "password");

    private ChildProcess Start() => ChildProcess.Start(
        ChildCommand.OfScript("postgres", [Path.Combine(_directory, "postgres"), $"{_port}", PasswordFileIn(_directory), .. _settings]) with { StopSignal = Signal.Interrupt }, // fast: connections are ended
        onLine: null);

    private async Task<bool> TakesConnectionsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or SocketException or TimeoutException)
        {
            return false; // not there, starting up, recovering or shutting down
        }
    }

    private Task UntilReadyAsync(CancellationToken cancellationToken) => Eventually.UntilAsync(
        async () => !_process.Exited.IsCompleted
            ? await TakesConnectionsAsync(cancellationToken)
            : throw new InvalidOperationException($"PostgreSQL ended with {await _process.Exited}:\n{string.Join('\n', LastLines)}"),
        "PostgreSQL to take connections");
}
