using System.Collections.Concurrent;
using System.Net;
using Tally.Testing.Processes;
using Tally.Testing;

namespace Tally.Integration.Tests.Ingest;

/// <summary>Ingest as it runs in production: a process of its own.</summary>
internal sealed class IngestProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ChildProcess _process;
    private readonly string _url = $"http://127.0.0.1:{FreePort.Any()}";

    private IngestProcess(string[] arguments, Dictionary<string, string> environment)
    {
        environment["ASPNETCORE_URLS"] = _url;
        _process = ChildProcess.Start(
            new ChildCommand
            {
                Name = "ingest",
                Program = DotnetHost.Path,
                Arguments = [Path.Combine(AppContext.BaseDirectory, "Tally.Ingest.dll"), .. arguments],
                Environment = environment,
            },
            _lines.Enqueue);
    }

    /// <summary>All it wrote.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Ends with the process and gives its exit status.</summary>
    public Task<int> Exited => _process.Exited;

    public int Id => _process.Id;

    /// <summary>Starts it, and does not wait for anything.</summary>
    public static IngestProcess Start(Uri broker, string database, params string[] arguments) =>
        new(arguments, new() { ["ConnectionStrings__mqtt"] = broker.ToString(), ["ConnectionStrings__telemetry"] = database });

    /// <summary>Starts it with nothing configured but its arguments.</summary>
    public static IngestProcess StartBare(params string[] arguments) => new(arguments, []);

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<IngestProcess> StartReadyAsync(Uri broker, string database, params string[] arguments)
    {
        var process = Start(broker, database, arguments);
        await process.UntilReadyAsync();
        return process;
    }

    public Task UntilReadyAsync() => Eventually.UntilAsync(
        async () => !Exited.IsCompleted
            ? await IsReadyAsync()
            : throw new InvalidOperationException($"Ingest ended with {await Exited}:\n{string.Join('\n', Lines)}"),
        "Ingest to be ready");

    /// <summary>What <c>/health/ready</c> says.</summary>
    public async Task<bool> IsReadyAsync() => (await GetAsync("/health/ready")).Status == HttpStatusCode.OK;

    /// <summary>Waits until it has received something that is not stored; needs a BatchTime longer than its StallTime.</summary>
    public Task UntilPendingAsync() => Eventually.UntilAsync(
        async () => (await GetAsync("/health/ready")).Text.Contains("not acknowledged"), "Ingest to say that something received waits");

    /// <summary>Asks one of its end points.</summary>
    public async Task<(HttpStatusCode? Status, string Text)> GetAsync(string path)
    {
        using var http = new HttpClient();
        try
        {
            using var response = await http.GetAsync(new Uri(_url + path));
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException error)
        {
            return (null, error.Message);
        }
    }

    public void Pause() => _process.Send(StandStill.Stop);

    public void Resume() => _process.Send(StandStill.Continue);

    public Task KillAsync() => _process.KillAsync();

    /// <summary>SIGTERM, and what became of it.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        if (!await _process.StopAsync(TimeSpan.FromSeconds(30))) throw new TimeoutException($"Ingest did not stop:\n{string.Join('\n', Lines)}");
        return await Exited;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
