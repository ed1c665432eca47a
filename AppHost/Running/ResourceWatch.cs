using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;

namespace Tally.AppHost.Running;

/// <summary>
/// Follows all resources: writes their logs to files and warnings to the terminal, starts again what dies, by Aspire's own start command, and
/// knows the process of each.
/// </summary>
internal sealed partial class ResourceWatch(IServiceProvider services, DataDirectory data, Screen screen, IReadOnlyList<string> kept) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // A start that fails five times fails for good. Later, when it has been up and people wait for it, only time decides.
    private const int MostFirstAttempts = 5;

    // Up for so long: its next death is a new story.
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30);

    // Begins what the orchestrator says of a process; what Aspire says stands before its start.
    private const string OrchestratorMark = "[sys] ";

    // Aspire's own name for it.
    private const string ProcessIdProperty = "executable.pid";

    // Enough to show why something did not start; a .NET stack trace has about thirty lines.
    private const int KeptLines = 40;

    private readonly ResourceNotificationService _notifications = services.GetRequiredService<ResourceNotificationService>();
    private readonly ResourceCommandService _commands = services.GetRequiredService<ResourceCommandService>();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, Followed> _followed = services.GetRequiredService<DistributedApplicationModel>().Resources
        .Where(resource => resource is ExecutableResource or ContainerResource).ToDictionary(resource => resource.Name, resource => new Followed(resource));

    private readonly List<Task> _running = [];
    private readonly Lock _gate = new();

    /// <summary>Ends with an <see cref="EnvironmentException"/> when a resource cannot be kept up.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Everything is being stopped: nothing is started again.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Gets the lines of the simulator.</summary>
    public Action<string>? OnSimulatorLine { get; set; }

    /// <summary>The process of a resource; null while there is none.</summary>
    public int? ProcessOf(string name) => _followed[name] is { ProcessId: > 0 and var id, IsOver: false } ? id : null;

    /// <summary>Begins to follow.</summary>
    public void Start()
    {
        _running.Add(FollowStatesAsync());
    }

    /// <summary>Waits until a resource is healthy.</summary>
    public Task UntilHealthyAsync(string name, CancellationToken cancellationToken) => _notifications.WaitForResourceHealthyAsync(name, cancellationToken);

    /// <summary>Starts a resource and waits until it has ended.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> RunAsync(string name, CancellationToken cancellationToken)
    {
        var before = _followed[name].Ended;
        await _commands.ExecuteCommandAsync(_followed[name].Resource, KnownResourceCommands.StartCommand, cancellationToken);
        return await before.Task.WaitAsync(cancellationToken);
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
        for (var since = Stopwatch.StartNew(); !followed.Ended.Task.IsCompleted && (process is not { } running || ProcessUsage.StartOf(running) is not null); await Task.Delay(Look))
        {
            if (since.Elapsed < timeout) continue;
            screen.Say($"{name} did not stop within {timeout.TotalSeconds:0} s and is killed.");
            return;
        }
    }));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // cancelled
        _stop.Dispose();
    }

    private async Task FollowStatesAsync()
    {
        await foreach (var change in _notifications.WatchAsync(_stop.Token))
        {
            if (!_followed.TryGetValue(change.Resource.Name, out var followed)) continue;
            if (followed.Id is null) lock (_gate) _running.Add(FollowLogAsync(followed, followed.Id = change.ResourceId));
            Take(followed, change.Snapshot);
        }
    }

    private void Take(Followed followed, CustomResourceSnapshot snapshot)
    {
        var (name, state) = (followed.Resource.Name, snapshot.State?.Text);
        var processId = snapshot.Properties.FirstOrDefault(property => property.Name == ProcessIdProperty)?.Value;
        if (state == KnownResourceStates.Running && processId is not null && Convert.ToInt32(processId, CultureInfo.InvariantCulture) is > 0 and var process && process != followed.ProcessId)
        {
            followed.ProcessId = process;
            data.Remember(process);
        }

        var wasOver = followed.IsOver;
        followed.State = state;
        if (state == KnownResourceStates.Running)
        {
            if (wasOver) followed.Begin();
            if (snapshot.HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy && !followed.IsReady && kept.Contains(name)) SayReady(followed, snapshot);
        }
        else if (state == KnownResourceStates.Stopping)
        {
            followed.IsAskedToStop = true;
        }
        else if (followed.IsOver && !wasOver)
        {
            TakeEnd(followed, snapshot.ExitCode ?? 0);
        }
    }

    private void SayReady(Followed followed, CustomResourceSnapshot snapshot)
    {
        var again = followed.WasReady ? " again" : "";
        var address = snapshot.Urls.FirstOrDefault(url => !url.IsInactive)?.Url is { } url && Uri.TryCreate(url, UriKind.Absolute, out var uri) ? $": 127.0.0.1:{uri.Port}" : "";
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"{followed.Resource.Name} is ready{again}{address} ({followed.Since.Elapsed.TotalSeconds:0.0} s)"));
        (followed.IsReady, followed.WasReady) = (true, true);
        followed.Since.Restart();
    }

    private void TakeEnd(Followed followed, int status)
    {
        var name = followed.Resource.Name;
        var isWanted = IsStopping || followed.IsAskedToStop;
        (followed.IsReady, followed.IsAskedToStop) = (false, false);
        followed.Ended.TrySetResult(status);
        if (isWanted) return;
        if (name == TallyModel.Migrate && status != 0)
            Fail($"The schema could not be brought up to date: Ingest migrate ended with {ExitStatus.Describe(status)} (log: {LogOf(name)}). Its last lines:\n{followed.LastWords}");
        if (!kept.Contains(name)) return;
        if (followed.Since.Elapsed > LongEnough) (followed.Delay, followed.Attempts) = (FirstDelay, 0);
        if (++followed.Attempts >= MostFirstAttempts && !followed.WasReady)
        {
            Fail($"{name} ended with {ExitStatus.Describe(status)} {followed.Attempts} times (log: {LogOf(name)}). Its last lines:\n{followed.LastWords}");
            return;
        }

        screen.Say(string.Create(
            CultureInfo.InvariantCulture, $"{name} ended with {ExitStatus.Describe(status)}; it is started again in {followed.Delay.TotalSeconds:0.0} s (log: {LogOf(name)})"));
        lock (_gate) _running.Add(StartAgainAsync(followed));
    }

    private async Task StartAgainAsync(Followed followed)
    {
        await Task.Delay(followed.Delay, _stop.Token);
        followed.Delay = TimeSpan.FromTicks(Math.Min(followed.Delay.Ticks * 2, LongestDelay.Ticks));
        followed.Since.Restart();
        while (!IsStopping)
        {
            var result = await _commands.ExecuteCommandAsync(followed.Id!, KnownResourceCommands.StartCommand, _stop.Token);
            if (result.Success) return;
            await Task.Delay(FirstDelay, _stop.Token); // the orchestrator has not settled its end yet
        }
    }

    private async Task FollowLogAsync(Followed followed, string id)
    {
        var name = followed.Resource.Name;
        await using var file = OpenLog(LogOf(name));
        await foreach (var lines in services.GetRequiredService<ResourceLoggerService>().WatchAsync(id).WithCancellation(_stop.Token))
        {
            foreach (var line in lines)
            {
                var text = Timestamp().Replace(line.Content, "");
                try
                {
                    await file.WriteLineAsync(text);
                }
                catch (IOException)
                {
                    // The disk is full: the lines are still shown, and nothing else may stop because of a log.
                }

                followed.Add(text);
                var isOwn = followed.HasStarted && !text.StartsWith(OrchestratorMark, StringComparison.Ordinal);
                followed.HasStarted |= text.StartsWith(OrchestratorMark, StringComparison.Ordinal);
                if (name == TallyModel.Simulator && isOwn) OnSimulatorLine?.Invoke(text);
                else if (Complaint().IsMatch(text)) screen.Log(name, text);
            }
        }
    }

    private string LogOf(string name) => Path.Combine(data.Logs, name + ".log");

    private void Fail(string message) => _failed.TrySetException(new EnvironmentException(message));

    // The log of the start before is kept beside it.
    private static StreamWriter OpenLog(string path)
    {
        if (File.Exists(path)) File.Move(path, path + ".1", overwrite: true);
        return new StreamWriter(path) { AutoFlush = true };
    }

    // The orchestrator puts a time before each line; the services' lines have their own.
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+Z? ")]
    private static partial Regex Timestamp();

    // Of .NET's console logger; of Mosquitto; of PostgreSQL, where errors of single statements are the business of who sent them, and said there.
    [GeneratedRegex(@"(^|\s)(warn|fail|crit): |^\S+:? (Warning|Error)\b|: (Warning|Error):|\] (WARNING|PANIC|FATAL: +(?! |the database system|terminating|password|sorry))")]
    private static partial Regex Complaint();

    private sealed class Followed(IResource resource)
    {
        private readonly Queue<string> _lastLines = new();

        public IResource Resource => resource;

        /// <summary>The orchestrator's name for it: the resource's with a suffix.</summary>
        public string? Id { get; set; }

        public string? State { get; set; }

        public int ProcessId { get; set; }

        public bool HasStarted { get; set; } // a process of it

        public bool IsReady { get; set; } // in this life

        public bool WasReady { get; set; }

        public bool IsAskedToStop { get; set; }

        public int Attempts { get; set; }

        public TimeSpan Delay { get; set; } = FirstDelay;

        /// <summary>Since it became ready, or was started last.</summary>
        public Stopwatch Since { get; } = Stopwatch.StartNew();

        public TaskCompletionSource<int> Ended { get; private set; } = New();

        public bool IsOver => State is not null && KnownResourceStates.TerminalStates.Contains(State);

        public string LastWords
        {
            get
            {
                lock (_lastLines) return string.Join('\n', _lastLines.Select(line => $"  {line}"));
            }
        }

        public void Begin() => Ended = New();

        public void Add(string line)
        {
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > KeptLines) _lastLines.Dequeue();
            }
        }

        private static TaskCompletionSource<int> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
