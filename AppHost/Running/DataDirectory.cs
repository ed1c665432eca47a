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
    // The kernel needs a moment to take a killed AppHost apart.
    private static readonly TimeSpan PredecessorTimeout = TimeSpan.FromSeconds(90), LockTimeout = TimeSpan.FromSeconds(1);
    private readonly string _directory;
    private readonly FileStream _lock;

    private DataDirectory(string directory, FileStream running, Screen screen)
    {
        (_directory, _lock) = (directory, running);
        // PostgreSQL refuses to run as root, and its user may not reach a clone below a directory of root's own.
        Servers = !Environment.IsPrivilegedProcess || IsOpen(directory) ? directory : Path.Combine("/var/lib/tally", Hash);
        Ports = new Ports(Path.Combine(directory, "ports.json"), screen);
    }

    public string Servers { get; } // directory of broker and database: the same, or one that their users can reach
    public Ports Ports { get; }
    public string Logs => Path.Combine(_directory, "logs");
    public string Mosquitto => Path.Combine(Servers, "mosquitto");
    public string Postgres => Path.Combine(Servers, "postgres");
    public string BrokerSecrets => Path.Combine(_directory, "secrets", "broker");

    private string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_directory)))[..12];

    public static async Task<DataDirectory> OpenAsync(RunOptions options, Screen screen, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(options.Data);
            var data = new DataDirectory(options.Data, await LockAsync(options.Data, cancellationToken), screen);
            Directory.CreateDirectory(data.Servers); // with the usual umask others may go through it, and scripts/ give what lies in it away
            await data.UntilPredecessorsAreGoneAsync(screen, cancellationToken);
            if (options.Reset) await data.ResetAsync(options.Containers, cancellationToken);
            Directory.CreateDirectory(data.Logs);
            if (!options.Containers) DiskSpace.Check(data.Servers, options.Messages, new DriveInfo(data.Servers).AvailableFreeSpace);
            return data;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EnvironmentException($"The data directory {options.Data} cannot be used: {error.Message} Choose a directory that you may write in: --data DIR.");
        }
    }

    public string SecretFileOf(string user) => Broker.Users.Contains(user) ? Path.Combine(BrokerSecrets, user) : Path.Combine(_directory, "secrets", user);

    /// <summary>A password of this directory, made at the first start: letters and digits, since it goes into URIs and lines that people copy.</summary>
    public string Secret(string user)
    {
        var file = SecretFileOf(user);
        if (File.Exists(file)) return File.ReadAllText(file);
        if (user == Database.Owner && Directory.Exists(Path.Combine(Postgres, "data")))
            throw new EnvironmentException($"{file} is gone, and the database in {Postgres} has its password from there: start with --reset, which throws the data away.");
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("Tally needs Linux or macOS.");
        var made = RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", PasswordLength);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var writer = new StreamWriter(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        writer.Write(made);
        return made;
    }

    public string VolumeOf(string server) => $"tally-{Hash}-{server}";
    public void Dispose() => _lock.Dispose();

    private static async Task<FileStream> LockAsync(string directory, CancellationToken cancellationToken) =>
        await HoldAsync(Path.Combine(directory, "lock"), LockTimeout, () => { }, cancellationToken)
        ?? throw new EnvironmentException($"Tally is already running on {directory}: stop it with Ctrl-C where it runs, or start a second one with --data DIR.");

    private static bool IsOpen(string directory)
    {
        var at = new DirectoryInfo(directory); // everybody may go through it and the directories above it
        return at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute) && (at.Parent is null || IsOpen(at.Parent.FullName));
    }

    // Broker and database hold a lock for as long as they live (scripts/), also when their AppHost was killed.
    private async Task UntilPredecessorsAreGoneAsync(Screen screen, CancellationToken cancellationToken)
    {
        void Say() => screen.Say("The processes of an earlier start that was killed are still stopping; waiting for them.");
        await (await HoldAsync(Path.Combine(Servers, "servers.lock"), PredecessorTimeout, Say, cancellationToken)
            ?? throw new EnvironmentException($"Broker or database of an earlier start are still running in {Servers} after {PredecessorTimeout.TotalSeconds:0} s: stop them, or use --data DIR.")).DisposeAsync();
    }

    // FileShare.None is flock(2): the kernel lets go of it when its holder ends, however it ends.
    private static async Task<FileStream?> HoldAsync(string file, TimeSpan timeout, Action onWait, CancellationToken cancellationToken)
    {
        for (var since = Stopwatch.StartNew(); ; await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken))
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (since.Elapsed > timeout) return null;
                if (since.Elapsed.TotalMilliseconds < 100) onWait();
            }
        }
    }

    private async Task ResetAsync(bool containers, CancellationToken cancellationToken)
    {
        foreach (var directory in (string[])[Mosquitto, Postgres, Logs, Path.Combine(_directory, "secrets")])
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }

        if (!containers) return;
        using var remove = Process.Start(ContainerEngine.Program, ["volume", "rm", "--force", VolumeOf(TallyModel.Mosquitto), VolumeOf(TallyModel.Postgres)]);
        await remove.WaitForExitAsync(cancellationToken);
        if (remove.ExitCode != 0) throw new EnvironmentException($"The volumes could not be removed: '{ContainerEngine.Program} volume rm' ended with {ExitStatus.Describe(remove.ExitCode)}.");
    }
}

/// <summary>How much room a run needs, looked at before it starts.</summary>
internal static class DiskSpace
{
    // A row of readings is 72 bytes with header and line pointer, on pages that are full; its entry in the primary key 40 bytes, on pages that are two
    // thirds full; dead rows, free space and logs are the rest. The write-ahead log holds both once, and is reused after max_wal_size (Database.Settings).
    // An empty cluster with its database is 60 MB; the broker's queue (10,000 readings) is little.
    private const long BytesOfReading = 180, LogBytesOfReading = 250, MostLogBytes = 2_200_000_000, Base = 150_000_000;

    public static long Needed(long messages) => Base + messages * BytesOfReading + Math.Min(messages * LogBytesOfReading, MostLogBytes);

    /// <summary>Looks whether so many bytes that are free are enough.</summary>
    public static void Check(string directory, long messages, long free)
    {
        static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.##", CultureInfo.InvariantCulture);
        if (free >= Needed(messages)) return;
        throw new EnvironmentException(
            $"{Gigabytes(free)} GB are free in {directory}, and {messages} readings need {Gigabytes(Needed(messages))} GB with index and write-ahead log: "
            + "free some, publish fewer (--messages N), start with --reset, or choose another disk (--data DIR).");
    }
}
