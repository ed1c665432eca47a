using Tally.AppHost.Infrastructure;
using Tally.AppHost.Running;
using Tally.Testing.Processes;

namespace Tally.Testing;

/// <summary>A Mosquitto of its own, on a free port, with the repository's configuration, users and ACL.</summary>
public sealed class MosquittoServer : IMosquitto
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    private readonly string _directory;
    private readonly MosquittoDirectory _mosquitto;
    private ChildProcess _process;

    private MosquittoServer(string directory, MosquittoDirectory mosquitto, int port)
    {
        (_directory, _mosquitto, Port) = (directory, mosquitto, port);
        _process = Start(mosquitto);
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
        var passwords = BrokerUsers.All.ToDictionary(user => user, PasswordOf);
        var mosquitto = new MosquittoDirectory(Path.Combine(directory, "mosquitto"), port, passwords, extraConfiguration);
        if (extraAccess is not null) await File.AppendAllTextAsync(Path.Combine(directory, "mosquitto", "tally.acl"), extraAccess, cancellationToken);
        var server = new MosquittoServer(directory, mosquitto, port);
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
        if (forget) File.Delete(_mosquitto.PersistenceFile);
        _process = Start(_mosquitto);
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

    private static string PasswordOf(string user) => $"{user}-password";

    private static ChildProcess Start(MosquittoDirectory mosquitto) => ChildProcess.Start(ChildCommand.Of("mosquitto", mosquitto.Program), onLine: null);

    private Task UntilReadyAsync(CancellationToken cancellationToken) => Eventually.UntilAsync(
        async () => !_process.Exited.IsCompleted
            ? await MosquittoExtensions.WhatIsMissingAsync(Port, "viewer", PasswordOf("viewer"), cancellationToken) is null
            : throw new InvalidOperationException($"Mosquitto ended with {await _process.Exited}:\n{string.Join('\n', LastLines)}"),
        "Mosquitto to let a user in");
}
