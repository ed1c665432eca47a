using System.Diagnostics;

namespace Tally.AppHost.Infrastructure;

/// <summary>The data directory of a PostgreSQL on this machine.</summary>
internal sealed class PostgresCluster
{
    /// <summary>The role that owns everything.</summary>
    public const string Owner = "tally";

    private readonly string _directory;
    private readonly string? _user = SystemUser.InsteadOfRoot("postgres");

    /// <param name="directory">Its directory; the data lie in <c>data</c> below it.</param>
    /// <param name="port">Port on 127.0.0.1.</param>
    /// <param name="settings">Settings.</param>
    public PostgresCluster(string directory, int port, PostgresSettings settings)
    {
        _directory = directory;
        Program = ServerProgram.Of(SystemPrograms.Postgres("postgres"), _user, directory, ["-D", Data, "-p", $"{port}", .. settings.ToArguments()]);
    }

    /// <summary>How its server is started, once <see cref="PrepareAsync"/> has run.</summary>
    public ServerProgram Program { get; }

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Makes the data directory if it is not there.</summary>
    /// <param name="password">Password of <see cref="Owner"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="EnvironmentException">initdb said no; with its words.</exception>
    public async Task PrepareAsync(string password, CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(Data, "PG_VERSION"))) return;

        // Half made: initdb was interrupted.
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
        Directory.CreateDirectory(_directory);
        var passwordFile = Path.Combine(_directory, "password");
        SecretFile.Write(passwordFile, password);
        if (_user is not null) SystemUser.Give(_directory, _user);
        var unfinished = Data + ".new";
        if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);

        // --no-sync: a crash of the machine right now costs an empty database, which the next start makes again.
        var initdb = ServerProgram.Of(
            SystemPrograms.Postgres("initdb"), _user, _directory,
            "-D", unfinished, "-U", Owner, "-A", "scram-sha-256", $"--pwfile={passwordFile}", "-E", "UTF8", "--locale=C", "--no-sync");
        var start = new ProcessStartInfo(initdb.Path, initdb.Arguments) { WorkingDirectory = _directory, RedirectStandardOutput = true, RedirectStandardError = true };
        if (initdb.LibraryPath is { } libraries) start.Environment["LD_LIBRARY_PATH"] = libraries;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("initdb did not start.");
        try
        {
            var words = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
            await process.WaitForExitAsync(cancellationToken);
            File.Delete(passwordFile);
            if (process.ExitCode != 0)
                throw new EnvironmentException($"initdb ended with {ExitStatus.Describe(process.ExitCode)}: {string.Join(" | ", words[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(3))}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Directory.Move(unfinished, Data);
    }
}
