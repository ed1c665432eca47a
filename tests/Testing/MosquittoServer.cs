using Tally.AppHost.Infrastructure;
using Tally.ServiceDefaults;
using Tally.Testing.Processes;

namespace Tally.Testing;

/// <summary>A Mosquitto of its own, on a free port, with the repository's configuration, users and ACL.</summary>
public sealed class MosquittoServer : IMosquitto
{
    /// <summary>For tests of the protocol: delivers with the QoS that was published (MQTT 5, 3.8.4).</summary>
    public const string ByTheBook = "upgrade_outgoing_qos false\n";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private ChildProcess _process;

    private MosquittoServer(string directory, int port)
    {
        (_directory, Port) = (directory, port);
        _process = Start();
    }

    /// <summary>Number of its process; another one after each start.</summary>
    public int ProcessId => _process.Id;

    /// <inheritdoc/>
    public int Port { get; }

    /// <summary>The last lines of its log.</summary>
    public IReadOnlyList<string> LastLines => _process.LastLines;

    /// <summary>Starts one.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <param name="extraConfiguration">Lines of <c>mosquitto.conf</c> that win over the repository's.</param>
    /// <param name="extraAccess">Lines behind the repository's access list.</param>
    public static async Task<MosquittoServer> StartAsync(CancellationToken cancellationToken, string? extraConfiguration = null, string? extraAccess = null)
    {
        var directory = TestDirectory.Make("mosquitto");
        var server = Prepare(directory, extraConfiguration, extraAccess);
        await server.UntilReadyAsync(cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public Uri AddressOf(string user) => new($"mqtt://{user}:{PasswordOf(user)}@127.0.0.1:{Port}");

    /// <inheritdoc/>
    public async Task StopAsync()
    {
        if (!await _process.StopAsync(StopTimeout)) throw new TimeoutException($"Mosquitto did not stop within {StopTimeout.TotalSeconds} s.");
    }

    /// <inheritdoc/>
    public Task KillAsync() => _process.KillAsync();

    /// <inheritdoc/>
    public async Task StartAgainAsync(CancellationToken cancellationToken, bool forget = false)
    {
        await _process.DisposeAsync();
        if (forget) File.Delete(Path.Combine(_directory, "mosquitto", "data", "mosquitto.db"));
        _process = Start();
        await UntilReadyAsync(cancellationToken);
    }

    /// <summary>Waits until its state of now is on disk: the second time that it is written from now on, since one may be half done.</summary>
    public async Task UntilSavedAsync()
    {
        var file = new FileInfo(Path.Combine(_directory, "mosquitto", "data", "mosquitto.db"));
        for (var (write, before) = (0, DateTime.MinValue); write < 2; write++)
        {
            before = WrittenAt();
            await Eventually.UntilAsync(() => WrittenAt() > before, "the broker's state to be written");
        }

        DateTime WrittenAt()
        {
            file.Refresh();
            return file.Exists ? file.LastWriteTimeUtc : DateTime.MinValue;
        }
    }

    /// <summary>Lets it stand still: connections stay open and nothing is answered.</summary>
    public void Pause() => _process.Send(StandStill.Stop);

    /// <summary>Lets it go on.</summary>
    public void Resume() => _process.Send(StandStill.Continue);

    /// <summary>Stops it and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        Resume();
        await _process.StopAsync(StopTimeout);
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string PasswordOf(string user) => $"{user}-password";

    private static MosquittoServer Prepare(string directory, string? extraConfiguration, string? extraAccess)
    {
        var (broker, secrets) = (Directory.CreateDirectory(Path.Combine(directory, "mosquitto")).FullName, Directory.CreateDirectory(Path.Combine(directory, "secrets")).FullName);
        foreach (var user in Broker.Users) File.WriteAllText(Path.Combine(secrets, user), PasswordOf(user));
        if (extraConfiguration is not null) File.WriteAllText(Path.Combine(broker, "extra.conf"), extraConfiguration + "\n");
        if (extraAccess is not null) File.WriteAllText(Path.Combine(broker, "extra.acl"), extraAccess);
        return new MosquittoServer(directory, FreePort.Any());
    }

    private ChildProcess Start() =>
        ChildProcess.Start(ChildCommand.OfScript("mosquitto", Path.Combine(_directory, "mosquitto"), $"{Port}", Path.Combine(_directory, "secrets")), onLine: null);

    private Task UntilReadyAsync(CancellationToken cancellationToken) => Eventually.UntilAsync(
        async () => !_process.Exited.IsCompleted
            ? await Probes.BrokerAsync(Port, "viewer", PasswordOf("viewer"), cancellationToken) is null
            : throw new InvalidOperationException($"Mosquitto ended with {await _process.Exited}:\n{string.Join('\n', LastLines)}"),
        "Mosquitto to let a user in");
}
