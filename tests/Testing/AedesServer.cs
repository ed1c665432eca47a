using System.Text.Json;
using Tally.AppHost.Infrastructure;
using Tally.Testing.Processes;

namespace Tally.Testing;

/// <summary>
/// aedes, a broker in JavaScript that speaks MQTT 3.1.1 and was not written with this project in mind. <c>test.sh</c> brings
/// it from npm below <c>artifacts</c>; where it is not, there is a reason instead.
/// </summary>
public sealed class AedesServer : ITestBroker
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private static readonly string Directory = Path.Combine(Repository.Root, "artifacts", "aedes");

    private readonly ChildProcess _process;

    private AedesServer(ChildProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Why it cannot be started, in one line; null: it can.</summary>
    public static string? WhyNot => File.Exists(Path.Combine(Directory, "node_modules", "aedes", "package.json"))
        ? null
        : "aedes is not there: ./test.sh brings it where there are Node.js 20 and npm.";

    /// <inheritdoc/>
    public int Port { get; }

    /// <summary>Starts one.</summary>
    public static async Task<AedesServer> StartAsync(CancellationToken cancellationToken)
    {
        var port = FreePort.Any();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = ChildProcess.Start(
            new ChildCommand
            {
                Name = "aedes",
                Program = "node",
                Arguments = [Path.Combine(Repository.Root, "tests", "Testing", "Aedes", "broker.mjs"), Directory, $"{port}"],
                Environment = new Dictionary<string, string> { ["PASSWORDS"] = JsonSerializer.Serialize(Broker.Users.ToDictionary(user => user, PasswordOf)) },
            },
            line =>
            {
                if (line == "ready") ready.TrySetResult();
            });
        await Task.WhenAny(ready.Task, process.Exited).WaitAsync(Eventually.Timeout, cancellationToken);
        if (ready.Task.IsCompleted) return new AedesServer(process, port);
        throw new InvalidOperationException($"aedes ended with {await process.Exited}:\n{string.Join('\n', process.LastLines)}");
    }

    /// <inheritdoc/>
    public Uri AddressOf(string user) => new($"mqtt://{user}:{PasswordOf(user)}@127.0.0.1:{Port}");

    /// <summary>Stops it; it keeps nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(StopTimeout);
        await _process.DisposeAsync();
    }

    private static string PasswordOf(string user) => $"{user}-password";
}
