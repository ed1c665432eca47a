using System.Diagnostics;
using System.Globalization;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>A resource that is kept up: started, started again with back-off when it dies, stopped.</summary>
internal sealed class Resource(ResourcePlan plan, string logs, Screen screen) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50); // between two looks whether it is ready
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    // A start that fails five times fails for good. Later, when it has been up and people wait for it, only time decides.
    private const int MostFirstAttempts = 5;

    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(30); // up for so long: its next death is a new story

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ChildProcess? _process;
    private volatile bool _stopping;
    private bool _wasReady; // in this life
    private int _attempts;

    /// <summary>Name in logs and in the report.</summary>
    public string Name => plan.Name;

    /// <summary>Number of its process; null while there is none.</summary>
    public int? ProcessId => _process is { Exited.IsCompleted: false } process ? process.Id : null;

    /// <summary>Runs until <see cref="StopAsync"/>.</summary>
    /// <exception cref="EnvironmentException">It does not become ready; with its last lines.</exception>
    public Task RunAsync() => Running ??= KeepUpAsync();

    private Task? Running { get; set; }

    /// <summary>Waits until it is ready for the first time.</summary>
    public Task UntilReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    /// <summary>Stops it; says so when it had to be killed.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await _stop.CancelAsync();
        if (Running is null) return;
        try
        {
            await Running;
        }
        catch (EnvironmentException)
        {
            // Was told to the one who waited for it to run.
        }
    }

    /// <summary>Kills it, because the user asked a second time.</summary>
    public void Kill()
    {
        _stopping = true;
        _process?.Kill();
    }

    public void Dispose() => _stop.Dispose();

    private async Task KeepUpAsync()
    {
        var sinceReady = Stopwatch.StartNew(); // or since the first start
        var delay = FirstDelay;
        try
        {
            await using var log = new LogFile(Path.Combine(logs, $"{Name}.log"));
            while (true)
            {
                var status = await RunOnceAsync(log, sinceReady);
                if (_stopping) return;
                if (sinceReady.Elapsed > LongEnough) delay = FirstDelay;
                sinceReady = _wasReady ? Stopwatch.StartNew() : sinceReady;
                screen.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name} ended with {ExitStatus.Describe(status)}; it is started again in {delay.TotalSeconds:0.0} s (log: {log.Path})"));
                await Task.Delay(delay, _stop.Token);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            _ready.TrySetCanceled();
        }
        catch (Exception error)
        {
            // Whoever waits for it has to hear of it, whatever it is; the exception goes on to the one who runs it.
            _ready.TrySetException(error);
            throw;
        }
    }

    // One life of the process.
    private async Task<int> RunOnceAsync(LogFile log, Stopwatch sinceReady)
    {
        var starting = Stopwatch.StartNew();
        _wasReady = false;
        _attempts++;
        plan.Port.Choose(first: !_ready.Task.IsCompleted);
        var command = await plan.PrepareAsync(_stop.Token);
        await using var process = ChildProcess.Start(command, line => Take(log, line));
        _process = process;
        try
        {
            if (await BecomesReadyAsync(process, sinceReady))
            {
                _wasReady = true;
                sinceReady.Restart();
                screen.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name} is ready{(_ready.Task.IsCompleted ? " again" : "")}: 127.0.0.1:{plan.Port.Number} ({starting.Elapsed.TotalSeconds:0.0} s)"));
                _ready.TrySetResult();
            }

            return await process.Exited.WaitAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            if (!await process.StopAsync(plan.StopTimeout))
            {
                screen.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name} did not stop within {plan.StopTimeout.TotalSeconds:0} s and was killed: {plan.IfKilled}"));
            }

            throw;
        }
    }

    // False: it has ended.
    private async Task<bool> BecomesReadyAsync(ChildProcess process, Stopwatch sinceReady)
    {
        while (!process.Exited.IsCompleted)
        {
            if (await plan.WhatIsMissingAsync(_stop.Token) is not { } missing) return true;
            if (sinceReady.Elapsed > plan.StartTimeout) throw Failed(process, string.Create(CultureInfo.InvariantCulture, $"is not ready after {plan.StartTimeout.TotalSeconds:0} s: {missing}"));
            await Task.Delay(Pause, _stop.Token);
        }

        // Somebody else was faster: another port is chosen.
        var status = await process.Exited;
        if (!_ready.Task.IsCompleted && !FreePort.IsFree(plan.Port.Number) && sinceReady.Elapsed < plan.StartTimeout) return false;

        // 2 and 3 mean that its configuration or its environment is wrong: that does not pass by trying again.
        if (status is CommandLine.Usage or ExitStatus.Environment) throw Failed(process, $"ended with status {status}");
        if (sinceReady.Elapsed > plan.StartTimeout || (!_ready.Task.IsCompleted && _attempts == MostFirstAttempts))
            throw Failed(process, $"ended with {ExitStatus.Describe(status)}, again and again");
        return false;
    }

    private EnvironmentException Failed(ChildProcess process, string what) => new(string.Join(
        '\n',
        process.LastLines.TakeLast(10).Select(line => $"  {Name} | {line}").Prepend($"{Name} {what}. Its last lines:")));

    private void Take(LogFile log, string line)
    {
        log.Write(line);
        if (plan.IsShown(line)) screen.Log(Name, line);
    }
}
