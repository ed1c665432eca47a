using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.ServiceDefaults;

namespace Tally.AppHost.Running;

/// <summary>Follows all resources: writes logs to files and warnings to the terminal, and starts again what dies, by Aspire's own start command.</summary>
/// <param name="services">The application's.</param>
/// <param name="logs">Directory of the logs.</param>
/// <param name="screen">Where warnings go.</param>
/// <param name="kept">Names of those that are kept up.</param>
internal sealed partial class ResourceWatch(IServiceProvider services, string logs, Screen screen, IReadOnlyList<string> kept) : IAsyncDisposable
{
    // A start that fails five times fails for good. Later, when it has been up and people wait for it, only time decides.
    private const int MostFirstAttempts = 5;

    // Enough to show why something did not start; a .NET stack trace has about thirty lines.
    private const int KeptLines = 40;

    // Begins what the orchestrator says of a process; what Aspire says stands before its start. Aspire's own name for a process number.
    private const string OrchestratorMark = "[sys] ", ProcessIdProperty = "executable.pid";

    // Up for long enough, its next death is a new story.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20), FirstDelay = TimeSpan.FromMilliseconds(200), LongestDelay = TimeSpan.FromSeconds(5), LongEnough = TimeSpan.FromSeconds(30);
    private readonly ResourceCommandService _commands = services.GetRequiredService<ResourceCommandService>();
    private readonly Dictionary<string, Followed> _followed = services.GetRequiredService<DistributedApplicationModel>().Resources
        .Where(resource => resource is ExecutableResource or ContainerResource).ToDictionary(resource => resource.Name, resource => new Followed(resource));

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _states = Task.CompletedTask;

    public Task Failed => _failed.Task; // with an EnvironmentException, when a resource cannot be kept up
    public bool IsStopping { get; set; } // nothing is started again
    public Action<string>? OnSimulatorLine { get; set; }

    public int? ProcessOf(string name) => _followed[name] is { ProcessId: > 0 and var id, IsOver: false } ? id : null;

    public void Start() => _states = FollowStatesAsync();

    /// <summary>Starts a resource and waits for its exit status.</summary>
    public async Task<int> RunAsync(string name)
    {
        var end = _followed[name].Ended;
        await _commands.ExecuteCommandAsync(_followed[name].Resource, KnownResourceCommands.StartCommand);
        return await end.Task;
    }

    /// <summary>Asks resources to stop, with that signal where they are processes of this machine, and waits until they have.</summary>
    public Task StopAsync(IEnumerable<string> names, Signal signal, TimeSpan timeout) => Task.WhenAll(names.Select(async name =>
    {
        var followed = _followed[name];
        if (followed.State != KnownResourceStates.Running) return; // what only waits to be started is the application's own to stop
        var process = ProcessOf(name);
        if (process is { } id) Signals.Send(id, signal);
        else await _commands.ExecuteCommandAsync(followed.Resource, KnownResourceCommands.StopCommand);

        // A start that was interrupted has ended the notifications: a process is asked for itself.
        for (var since = Stopwatch.StartNew(); !followed.Ended.Task.IsCompleted && (process is not { } running || ProcessUsage.Of(running) is not null); await Task.Delay(Look))
        {
            if (since.Elapsed < timeout) continue;
            screen.Say($"{name} did not stop within {timeout.TotalSeconds:0} s and is killed.");
            return;
        }
    }));

    public void KillAll() => Array.ForEach([.. _followed.Keys.Select(ProcessOf).OfType<int>()], process => Signals.Send(process, Signal.Kill));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll([_states, .. _followed.Values.SelectMany(followed => (Task[])[followed.Log, followed.Restart])]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // cancelled
        _stop.Dispose();
    }

    private async Task FollowStatesAsync()
    {
        await foreach (var change in services.GetRequiredService<ResourceNotificationService>().WatchAsync(_stop.Token))
        {
            if (!_followed.TryGetValue(change.Resource.Name, out var followed)) continue;
            if (followed.Id.Length == 0) followed.Log = FollowLogAsync(followed, followed.Id = change.ResourceId);
            var wasOver = followed.IsOver;
            followed.State = change.Snapshot.State?.Text;
            if (followed.State == KnownResourceStates.Running) TakeRunning(followed, change.Snapshot, wasOver);
            else if (followed.IsOver && !wasOver) TakeEnd(followed, change.Snapshot.ExitCode ?? 0);
            else followed.IsAskedToStop |= followed.State == KnownResourceStates.Stopping;
        }
    }

    private void TakeRunning(Followed followed, CustomResourceSnapshot snapshot, bool isNewLife)
    {
        if (isNewLife) followed.Ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = Convert.ToInt32(snapshot.Properties.FirstOrDefault(property => property.Name == ProcessIdProperty)?.Value ?? 0, CultureInfo.InvariantCulture);
        if (process > 0) followed.ProcessId = process;
        if (snapshot.HealthStatus != HealthStatus.Healthy || followed.IsReady || !kept.Contains(followed.Resource.Name)) return;
        var port = ((IResourceWithEndpoints)followed.Resource).GetEndpoints().First().Port;
        screen.Say(string.Create(
            CultureInfo.InvariantCulture, $"{followed.Resource.Name} is ready{(followed.WasReady ? " again" : "")}: 127.0.0.1:{port} ({followed.Since.Elapsed.TotalSeconds:0.0} s)"));
        (followed.IsReady, followed.WasReady) = (true, true);
        followed.Since.Restart();
    }

    private void TakeEnd(Followed followed, int status)
    {
        var (name, isWanted) = (followed.Resource.Name, IsStopping || followed.IsAskedToStop);
        (followed.IsReady, followed.IsAskedToStop) = (false, false);
        followed.Ended.TrySetResult(status);
        var (isKept, said) = (kept.Contains(name), $"{name} ended with {ExitStatus.Describe(status)}");
        if (isWanted || (!isKept && (name != TallyModel.Migrate || status == 0))) return;
        if (followed.Since.Elapsed > LongEnough) (followed.Delay, followed.Attempts) = (FirstDelay, 0);
        if (!isKept || (++followed.Attempts >= MostFirstAttempts && !followed.WasReady))
            _failed.TrySetException(new EnvironmentException($"{said} (log: {LogOf(name)}). Its last lines:\n{string.Join('\n', File.ReadLines(LogOf(name)).TakeLast(KeptLines))}"));
        else followed.Restart = StartAgainAsync(followed, said);
    }

    private async Task StartAgainAsync(Followed followed, string said)
    {
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"{said}; it is started again in {followed.Delay.TotalSeconds:0.0} s (log: {LogOf(followed.Resource.Name)})"));
        await Task.Delay(followed.Delay, _stop.Token);
        followed.Delay = TimeSpan.FromTicks(Math.Min(followed.Delay.Ticks * 2, LongestDelay.Ticks));
        followed.Since.Restart();
        while (!IsStopping && !(await _commands.ExecuteCommandAsync(followed.Id, KnownResourceCommands.StartCommand, _stop.Token)).Success)
            await Task.Delay(FirstDelay, _stop.Token); // the orchestrator has not settled its end yet
    }

    private async Task FollowLogAsync(Followed followed, string id)
    {
        var (name, hasStarted) = (followed.Resource.Name, false);
        if (File.Exists(LogOf(name))) File.Move(LogOf(name), LogOf(name) + ".1", overwrite: true); // that of the start before
        await using var file = new StreamWriter(LogOf(name)) { AutoFlush = true };
        await foreach (var lines in services.GetRequiredService<ResourceLoggerService>().WatchAsync(id).WithCancellation(_stop.Token))
        {
            foreach (var text in lines.Select(line => Timestamp().Replace(line.Content, "")))
            {
                try
                {
                    await file.WriteLineAsync(text);
                }
                catch (IOException)
                {
                    // The disk is full: the lines are still shown, and nothing else may stop because of a log.
                }

                var isOrchestrators = text.StartsWith(OrchestratorMark, StringComparison.Ordinal);
                hasStarted |= isOrchestrators;
                if (name != TallyModel.Simulator && Complaint().IsMatch(text)) screen.Log(name, text);
                else if (name == TallyModel.Simulator && hasStarted && !isOrchestrators) OnSimulatorLine?.Invoke(text);
            }
        }
    }

    private string LogOf(string name) => Path.Combine(logs, name + ".log");

    // The orchestrator puts a time before each line; the services' lines have their own.
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+Z? ")]
    private static partial Regex Timestamp();

    // Of .NET's console logger; of Mosquitto; of PostgreSQL, where errors of single statements are the business of who sent them, and said there.
    [GeneratedRegex(@"(^|\s)(warn|fail|crit): |^\S+:? (Warning|Error)\b|: (Warning|Error):|\] (WARNING|PANIC|FATAL: +(?! |the database system|terminating|password|sorry))")]
    private static partial Regex Complaint();

    private sealed class Followed(IResource resource)
    {
        public IResource Resource => resource;
        public string Id { get; set; } = ""; // the orchestrator's name for it: the resource's with a suffix
        public string? State { get; set; }
        public int ProcessId { get; set; }
        public bool IsReady { get; set; } // in this life
        public bool WasReady { get; set; }
        public bool IsAskedToStop { get; set; }
        public int Attempts { get; set; }
        public TimeSpan Delay { get; set; } = FirstDelay;
        public Stopwatch Since { get; } = Stopwatch.StartNew(); // it became ready, or was started last
        public TaskCompletionSource<int> Ended { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public Task Log { get; set; } = Task.CompletedTask;
        public Task Restart { get; set; } = Task.CompletedTask;
        public bool IsOver => State is not null && KnownResourceStates.TerminalStates.Contains(State);
    }
}
