using Tally.AppHost.Local;
using Tally.AppHost.Local.Processes;

namespace Tally.Testing;

/// <summary>A Mosquitto of its own, on a free port, with the repository's configuration, users and ACL.</summary>
public sealed class MosquittoServer : IMosquitto
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly LocalMosquitto _mosquitto;
    private ChildProcess _process;

    private MosquittoServer(string directory, LocalMosquitto mosquitto, int port)
    {
        (_directory, _mosquitto, Port) = (directory, mosquitto, port);
        _process = ChildProcess.Start(mosquitto.Command, onLine: null);
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
        var port = FreePort.Any();
        var passwords = BrokerUsers.All.ToDictionary(user => user, user => $"{user}-password");
        var mosquitto = new LocalMosquitto(Path.Combine(directory, "mosquitto"), port, passwords, extraConfiguration);
        if (extraAccess is not null) await File.AppendAllTextAsync(Path.Combine(directory, "mosquitto", "tally.acl"), extraAccess, cancellationToken);
        var server = new MosquittoServer(directory, mosquitto, port);
        await server.UntilReadyAsync(cancellationToken);
        return server;
    }

    /// <inheritdoc/>
    public Uri AddressOf(string user) => _mosquitto.AddressOf(user);

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
        if (forget) File.Delete(_mosquitto.PersistenceFile);
        _process = ChildProcess.Start(_mosquitto.Command, onLine: null);
        await UntilReadyAsync(cancellationToken);
    }

    /// <summary>Lets it stand still: connections stay open and nothing is answered.</summary>
    public void Pause() => _process.Send(Signal.Stop);

    /// <summary>Lets it go on.</summary>
    public void Resume() => _process.Send(Signal.Continue);

    /// <summary>Stops it and removes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        Resume();
        await _process.StopAsync(StopTimeout);
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Task UntilReadyAsync(CancellationToken cancellationToken) => Eventually.UntilAsync(
        async () => !_process.Exited.IsCompleted
            ? await _mosquitto.IsReadyAsync(cancellationToken)
            : throw new InvalidOperationException($"Mosquitto ended with {await _process.Exited}:\n{string.Join('\n', LastLines)}"),
        "Mosquitto to let a user in");
}
