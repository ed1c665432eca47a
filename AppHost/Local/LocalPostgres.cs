using System.Net.Sockets;
using Npgsql;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>PostgreSQL as a child.</summary>
internal sealed class LocalPostgres
{
    /// <summary>The one role, owner of everything.</summary>
    public const string Role = "tally";

    private readonly string _directory;
    private readonly int _port;
    private readonly string _password;
    private readonly string? _user = SystemUser.InsteadOfRoot("postgres");

    /// <param name="directory">Its directory; the data lie in <c>data</c> below it.</param>
    /// <param name="port">Port on 127.0.0.1.</param>
    /// <param name="password">Password of <see cref="Role"/>; fixed when the data are made.</param>
    /// <param name="settings">Settings.</param>
    public LocalPostgres(string directory, int port, string password, PostgresSettings settings)
    {
        (_directory, _port, _password) = (directory, port, password);
        var program = Programs.Postgres("postgres");
        Command = new ChildCommand
        {
            Name = "postgres",
            Program = program.Path,
            Arguments = ["-D", Data, "-p", $"{port}", .. settings.ToArguments()],
            Environment = program.Environment,
            WorkingDirectory = directory,
            User = _user,
            StopSignal = Signal.Interrupt, // fast: connections are ended, a checkpoint is written
        };
    }

    /// <summary>How it is started, once <see cref="PrepareAsync"/> has run.</summary>
    public ChildCommand Command { get; }

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Npgsql connection string of one of its databases.</summary>
    public string ConnectionStringOf(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = _port,
        Username = Role,
        Password = _password,
        Database = database,
        MaxPoolSize = 20, // with PostgresSettings.MaxConnections: three services may fill their pools
    }.ConnectionString;

    /// <summary>Makes the data directory if it is not there.</summary>
    /// <exception cref="EnvironmentException">initdb said no; with its words.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(Data, "PG_VERSION"))) return;

        // Half made: initdb was interrupted.
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
        Directory.CreateDirectory(_directory);
        var password = Path.Combine(_directory, "password");
        SecretFile.Write(password, _password);
        if (_user is not null) SystemUser.Give(_directory, _user);
        var unfinished = Data + ".new";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        var program = Programs.Postgres("initdb");
        await using var initdb = ChildProcess.Start(Command with
        {
            Name = "initdb",
            Program = program.Path,
            // --no-sync: a crash of the machine right now costs an empty database, which the next start makes again.
            Arguments = ["-D", unfinished, "-U", Role, "-A", "scram-sha-256", $"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync"],
            Environment = program.Environment,
            StopSignal = Signal.Terminate,
        }, onLine: null);
        var status = await initdb.Exited.WaitAsync(cancellationToken);
        File.Delete(password);
        if (status != 0) throw new EnvironmentException($"initdb ended with {status}: {string.Join(" | ", initdb.LastLines.TakeLast(3))}");
        Directory.Move(unfinished, Data);
    }

    /// <summary>Whether it takes connections.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await OpenAsync(cancellationToken);
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or SocketException or TimeoutException)
        {
            return false; // not there, starting up, recovering or shutting down
        }
    }

    /// <summary>Makes a database if it is not there.</summary>
    public async Task EnsureDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(cancellationToken);
        await using var ask = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = name } } };
        if (await ask.ExecuteScalarAsync(cancellationToken) is not null) return;
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        // Not pooled: an idle connection would be one that a restart of the server breaks.
        var connection = new NpgsqlConnection(ConnectionStringOf("postgres") + ";Pooling=false;Timeout=5");
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
