using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tally.AppHost.Running;

/// <summary>One start of everything, with one run of the simulator in it.</summary>
internal sealed class Session(DistributedApplication application, RunOptions options, DataDirectory data, Screen screen, Interruption interruption)
{
    // Two images may have to be pulled first, and the schema brought up to date.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5);

    // It sends what is buffered, disconnects (5 s at most) and asks for the ledger's stored side, to say what is outstanding.
    private static readonly TimeSpan SimulatorStop = TimeSpan.FromSeconds(20);

    // A batch is stored and acknowledged in well under a second. Longer than Ingest's own limit for it (20 s by default),
    // which it needs whole where the database cannot take anything (with a full disk, for example), and 3 s for its last telemetry.
    private static readonly TimeSpan ServiceStop = TimeSpan.FromSeconds(28);

    // Mosquitto writes its queue, at most max_queued_bytes (1 GB); PostgreSQL its cache (256 MB) and a checkpoint.
    private static readonly TimeSpan ServerStop = TimeSpan.FromSeconds(60);

    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly string[] _services = [.. TallyModel.IngestNames(options.Replicas), TallyModel.AckResponder, TallyModel.QueryApi];
    private readonly UsageSampler _sampler = new();

    private DistributedApplicationModel Model => application.Services.GetRequiredService<DistributedApplicationModel>();

    /// <summary>Starts, runs, stops.</summary>
    /// <returns>The run's exit status, or 130.</returns>
    /// <exception cref="EnvironmentException">Something cannot be started or kept up; everything is stopped by then.</exception>
    /// <exception cref="OperationCanceledException">Interrupted before the run began; everything is stopped by then.</exception>
    public async Task<int> RunAsync()
    {
        string[] kept = [TallyModel.Mosquitto, TallyModel.Postgres, .. _services];
        await using var watch = new ResourceWatch(application.Services, data, screen, kept);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            interruption.First, application.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        await using var said = interruption.First.Register(() => screen.Say("Stopping everything; once more, and it is killed at once."));
        await using var atOnce = interruption.Second.Register(KillAll);
        try
        {
            await StartAsync(watch, kept, ending.Token);
            var status = options.Messages > 0 ? await SimulateAsync(watch, ending.Token) : 0;
            if (!options.Exit && !ending.IsCancellationRequested) await StayUpAsync(watch, status, ending.Token);
            return status;
        }
        finally
        {
            await StopAsync(watch);
            if (interruption.First.IsCancellationRequested) screen.Say("Everything is stopped.");
        }
    }

    private async Task StartAsync(ResourceWatch watch, string[] kept, CancellationToken cancellationToken)
    {
        watch.Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        await OrFailAsync(watch, application.StartAsync(limit.Token));
        await OrFailAsync(watch, Task.WhenAll(kept.Select(name => watch.UntilHealthyAsync(name, limit.Token))));
        foreach (var line in StartTable.Lines(Model, options, data, _watch.Elapsed)) screen.Say(line);
    }

    private static async Task OrFailAsync(ResourceWatch watch, Task task) => await await Task.WhenAny(task, watch.Failed);

    private async Task<int> SimulateAsync(ResourceWatch watch, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])[TallyModel.Mosquitto, TallyModel.Postgres, .. _services]) _sampler.Add(name, () => watch.ProcessOf(name));
        _sampler.Add(TallyModel.Simulator, () => watch.ProcessOf(TallyModel.Simulator), isNew: true);
        _sampler.Add("apphost", () => Environment.ProcessId);
        using var over = new CancellationTokenSource();
        var sampling = _sampler.RunAsync(over.Token);
        watch.OnSimulatorLine = screen.Run;
        int status;
        try
        {
            var run = watch.RunAsync(TallyModel.Simulator, CancellationToken.None);
            try
            {
                await OrFailAsync(watch, run.WaitAsync(cancellationToken));
                status = await run;
            }
            catch (OperationCanceledException)
            {
                await watch.StopAsync([TallyModel.Simulator], Signal.Interrupt, SimulatorStop);
                status = ExitStatus.Interrupted;
            }
        }
        finally
        {
            await over.CancelAsync();
            await sampling;
        }

        if (options.Report is { } report && !RunReport.AddProcesses(report, _sampler.Usage())) screen.Say($"There is no report in {report}: the run did not get that far.");
        if (status == ExitStatus.Environment) screen.Say($"What is not ready says so above, in the logs ({data.Logs}) and in the dashboard.");
        if (status is >= 0 and <= 128 or ExitStatus.Interrupted) return status;
        screen.Say($"The simulator was ended by {ExitStatus.Describe(status)}; what it had published is stored.");
        return ExitStatus.Environment;
    }

    private async Task StayUpAsync(ResourceWatch watch, int status, CancellationToken cancellationToken)
    {
        var page = StartTable.PageOf(Model).AbsoluteUri;
        screen.Say(options.Messages == 0
            ? $"Everything stays up and waits for sensors until Ctrl-C; the web page is {page}"
            : $"\nThe run ended with status {status}. Everything stays up until Ctrl-C; the web page is {page}");
        await OrFailAsync(watch, Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default));
    }

    // Those that use broker and database first, then these.
    private async Task StopAsync(ResourceWatch watch)
    {
        watch.IsStopping = true;
        await watch.StopAsync([TallyModel.Simulator, TallyModel.Migrate], Signal.Terminate, SimulatorStop);
        await watch.StopAsync(_services, Signal.Terminate, ServiceStop);
        await watch.StopAsync([TallyModel.Mosquitto], Signal.Terminate, ServerStop);
        await watch.StopAsync([TallyModel.Postgres], Signal.Interrupt, ServerStop); // fast: connections are ended, a checkpoint is written
        await application.StopAsync();
    }

    // What the orchestrator still has to do then, it does by itself once we are gone.
    private void KillAll()
    {
        screen.Say("Interrupted again: killing everything. What is committed is on disk.");
        foreach (var process in data.Remembered()) Signals.Send(process, Signal.Kill);
        Environment.Exit(ExitStatus.Interrupted);
    }
}
