using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>What the local mode keeps between two starts: data, logs, passwords; and the lock that says that it is running.</summary>
internal sealed class LocalData : IDisposable
{
    private const int PasswordLength = 24;

    // A stop after a kill writes PostgreSQL's last checkpoint; the lifeline gives each process ten seconds at most.
    private static readonly TimeSpan PredecessorTimeout = TimeSpan.FromSeconds(90);

    private readonly FileStream _lock;

    private LocalData(string directory, string servers, FileStream running) => (Directory, Servers, _lock) = (directory, servers, running);

    /// <summary>Directory of this clone's local mode.</summary>
    public string Directory { get; }

    /// <summary>Directory of broker and database: the same, or one that their users can reach.</summary>
    public string Servers { get; }

    /// <summary>A log file for each resource.</summary>
    public string Logs => Path.Combine(Directory, "logs");

    /// <summary>Directory of the broker.</summary>
    public string Mosquitto => Path.Combine(Servers, "mosquitto");

    /// <summary>Directory of the database.</summary>
    public string Postgres => Path.Combine(Servers, "postgres");

    /// <summary>Takes the directory for this process.</summary>
    /// <param name="directory">Null: <c>artifacts/local</c> of the clone.</param>
    /// <param name="reset">Throw away what is in it.</param>
    /// <param name="screen">Where a wait is announced.</param>
    /// <param name="cancellationToken">Ends a wait.</param>
    /// <exception cref="EnvironmentException">Somebody else has it, or it cannot be written.</exception>
    public static async Task<LocalData> OpenAsync(string? directory, bool reset, Screen screen, CancellationToken cancellationToken)
    {
        directory ??= Path.Combine(Repository.Root, "artifacts", "local");
        try
        {
            System.IO.Directory.CreateDirectory(directory);
            var running = Lock(directory);
            try
            {
                await UntilChildrenAreGoneAsync(Path.Combine(directory, "children.lock"), screen, cancellationToken);
                var data = new LocalData(directory, ReachableByServers(directory), running);
                if (reset) data.Reset();
                System.IO.Directory.CreateDirectory(data.Logs);
                return data;
            }
            catch
            {
                await running.DisposeAsync();
                throw;
            }
        }
        catch (UnauthorizedAccessException error)
        {
            throw new EnvironmentException($"{error.Message} Another user made it: remove {directory} as that user, or choose another with --data DIR.");
        }
    }

    /// <summary>
    /// The passwords of this clone, made at its first start: one for each user of the broker, and <c>postgres</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Passwords()
    {
        var file = Path.Combine(Directory, "passwords.json");
        if (File.Exists(file))
        {
            var known = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file)) ?? [];
            if (BrokerUsers.All.Append("postgres").All(known.ContainsKey)) return known;
        }

        if (System.IO.Directory.Exists(Path.Combine(Postgres, "data")))
            throw new EnvironmentException($"{file} is gone or incomplete, and the database in {Postgres} has its password from there: start with --reset, which throws the data away.");

        var made = BrokerUsers.All.Append("postgres").ToDictionary(user => user, _ => NewPassword());
        SecretFile.Write(file, JsonSerializer.Serialize(made));
        return made;
    }

    /// <summary>Lets go of the lock.</summary>
    public void Dispose() => _lock.Dispose();

    // Letters and digits only: it goes into URIs, connection strings and shell lines that people copy.
    private static string NewPassword() => RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", PasswordLength);

    private static FileStream Lock(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            // FileShare.None is flock(2): the kernel lets go of it when we end, however we end.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return file;
        }
        catch (IOException)
        {
            throw new EnvironmentException($"Tally is already running on {directory}: stop it with Ctrl-C where it runs, or start a second one with --data DIR.");
        }
    }

    // The children of an AppHost that was killed are stopped by its lifeline, which holds this lock until they are gone.
    private static async Task UntilChildrenAreGoneAsync(string path, Screen screen, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(PredecessorTimeout);
        for (var tries = 0; !IsFree(path); tries++)
        {
            if (tries == 0) screen.Say("The processes of an earlier start that was killed are still stopping; waiting for them.");
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new EnvironmentException(
                    $"The processes of an earlier start are still there after {PredecessorTimeout.TotalSeconds:0} s (they hold {path}): end them, then start again.");
            }
        }

        Lifeline.Shared.HoldLock(path);
    }

    private static bool IsFree(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string ReachableByServers(string directory)
    {
        string?[] users = [SystemUser.InsteadOfRoot("postgres"), SystemUser.InsteadOfRoot("mosquitto")];
        if (users.All(user => user is null || SystemUser.CanReach(user, directory))) return directory;

        // A clone below a directory of root's own. One directory for each clone, told apart by its path.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..12];
        var elsewhere = Path.Combine("/var/lib/tally", name);
        OpenDirectory.Make(elsewhere);
        return elsewhere;
    }

    private void Reset()
    {
        foreach (var directory in (ReadOnlySpan<string>)[Mosquitto, Postgres, Logs])
        {
            if (System.IO.Directory.Exists(directory)) System.IO.Directory.Delete(directory, recursive: true);
        }

        File.Delete(Path.Combine(Directory, "passwords.json"));
    }
}
