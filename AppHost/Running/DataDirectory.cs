using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tally.AppHost.Infrastructure;

namespace Tally.AppHost.Running;

/// <summary>What is kept between two starts: data, logs, passwords, ports; and the lock that says that Tally is running.</summary>
internal sealed class DataDirectory : IDisposable
{
    private const int PasswordLength = 24;

    // Aspire's orchestrator ends what a killed AppHost has left within 8 s (measured); PostgreSQL may have to write a checkpoint.
    private static readonly TimeSpan PredecessorTimeout = TimeSpan.FromSeconds(90);

    private readonly string _directory;
    private readonly FileStream _lock;

    private DataDirectory(string directory, FileStream running, Screen screen)
    {
        (_directory, _lock) = (directory, running);
        Servers = ReachableByServers(directory);
        Directory.CreateDirectory(Logs);
        Directory.CreateDirectory(Secrets);
        Ports = new Ports(Path.Combine(directory, "ports.json"), screen);
    }

    /// <summary>Directory of broker and database: the same, or one that their users can reach.</summary>
    public string Servers { get; }

    /// <summary>Ports of this directory.</summary>
    public Ports Ports { get; }

    /// <summary>A log file for each resource.</summary>
    public string Logs => Path.Combine(_directory, "logs");

    /// <summary>Directory of the broker.</summary>
    public string Mosquitto => Path.Combine(Servers, "mosquitto");

    /// <summary>Directory of the database.</summary>
    public string Postgres => Path.Combine(Servers, "postgres");

    private string Secrets => Path.Combine(_directory, "secrets");

    private string Processes => Path.Combine(_directory, "processes");

    /// <summary>Takes the directory for this process.</summary>
    /// <exception cref="EnvironmentException">Somebody else has it, or it cannot be written.</exception>
    public static async Task<DataDirectory> OpenAsync(RunOptions options, Screen screen, CancellationToken cancellationToken)
    {
        var directory = options.Data;
        try
        {
            Directory.CreateDirectory(directory);
            var running = Lock(directory);
            try
            {
                var data = new DataDirectory(directory, running, screen);
                await data.UntilPredecessorsAreGoneAsync(screen, cancellationToken);
                if (options.Reset) await data.ResetAsync(options.Containers, cancellationToken);
                if (!options.Containers) DiskSpace.Check(data.Servers, options.Messages);
                return data;
            }
            catch
            {
                await running.DisposeAsync();
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EnvironmentException($"The data directory {directory} cannot be used: {error.Message} Choose a directory that you may write in: --data DIR.");
        }
    }

    /// <summary>File of a password, which commands in the start table read it from. Its owner alone may.</summary>
    public string SecretFileOf(string user) => Path.Combine(Secrets, user);

    /// <summary>A password of this directory, made at the first start: letters and digits, since it goes into URIs and lines that people copy.</summary>
    /// <exception cref="EnvironmentException">It is gone, and the database's data were made with it.</exception>
    public string Secret(string user)
    {
        var file = SecretFileOf(user);
        if (File.Exists(file)) return File.ReadAllText(file);
        if (user == "postgres" && Directory.Exists(Path.Combine(Postgres, "data")))
            throw new EnvironmentException($"{file} is gone, and the database in {Postgres} has its password from there: start with --reset, which throws the data away.");
        var made = RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", PasswordLength);
        Infrastructure.SecretFile.Write(file, made);
        return made;
    }

    /// <summary>Name of a container's volume: one for each data directory, told apart by its path.</summary>
    public string VolumeOf(string server) => $"tally-{Hash(_directory)}-{server}";

    /// <summary>Remembers a process that was started, so that the next start can wait until it is gone.</summary>
    public void Remember(int processId)
    {
        if (ProcessUsage.StartOf(processId) is { } start) File.AppendAllText(Processes, string.Create(CultureInfo.InvariantCulture, $"{processId} {start}\n"));
    }

    /// <summary>The processes that were remembered and are still there.</summary>
    public IReadOnlyList<int> Remembered() => !File.Exists(Processes) ? [] :
    [
        .. from line in File.ReadAllLines(Processes)
           let words = line.Split(' ')
           let processId = int.Parse(words[0], CultureInfo.InvariantCulture)
           where ProcessUsage.StartOf(processId)?.ToString(CultureInfo.InvariantCulture) == words[1]
           select processId,
    ];

    /// <summary>Lets go of the lock.</summary>
    public void Dispose() => _lock.Dispose();

    private static FileStream Lock(string directory)
    {
        try
        {
            // FileShare.None is flock(2): the kernel lets go of it when we end, however we end.
            return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new EnvironmentException($"Tally is already running on {directory}: stop it with Ctrl-C where it runs, or start a second one with --data DIR.");
        }
    }

    private static string Hash(string directory) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..12];

    // A clone may lie below a directory of root's own.
    private static string ReachableByServers(string directory)
    {
        string?[] users = [SystemUser.InsteadOfRoot("postgres"), SystemUser.InsteadOfRoot("mosquitto")];
        if (users.All(user => user is null || SystemUser.CanReach(user, directory))) return directory;
        var elsewhere = Path.Combine("/var/lib/tally", Hash(directory));
        SystemUser.MakeOpenDirectory(elsewhere);
        return elsewhere;
    }

    private async Task UntilPredecessorsAreGoneAsync(Screen screen, CancellationToken cancellationToken)
    {
        var since = Stopwatch.GetTimestamp();
        for (var tries = 0; Remembered() is { Count: > 0 } left; tries++)
        {
            if (tries == 0) screen.Say("The processes of an earlier start that was killed are still stopping; waiting for them.");
            if (Stopwatch.GetElapsedTime(since) > PredecessorTimeout)
                throw new EnvironmentException($"Processes of an earlier start are still there after {PredecessorTimeout.TotalSeconds:0} s: {string.Join(", ", left)}. End them, then start again.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        File.Delete(Processes);
    }

    private async Task ResetAsync(bool containers, CancellationToken cancellationToken)
    {
        foreach (var directory in (ReadOnlySpan<string>)[Mosquitto, Postgres, Logs, Secrets])
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(Logs);
        Directory.CreateDirectory(Secrets);
        if (!containers) return;
        var engine = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") is { Length: > 0 } wanted ? wanted : "docker";
        using var remove = Process.Start(engine, ["volume", "rm", "--force", VolumeOf("mosquitto"), VolumeOf("postgres")]);
        await remove.WaitForExitAsync(cancellationToken);
        if (remove.ExitCode != 0) throw new EnvironmentException($"The volumes could not be removed: '{engine} volume rm' ended with {ExitStatus.Describe(remove.ExitCode)}.");
    }
}
