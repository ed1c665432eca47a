using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tally.ServiceDefaults;

namespace Tally.AppHost.Running;

/// <summary>One start of everything, with one run of the simulator in it.</summary>
internal sealed class Session(DistributedApplication application, RunOptions options, DataDirectory data, Screen screen, Interruption interruption)
{
    // Start: two images may have to be pulled. The simulator sends what is buffered, disconnects (5 s at most) and asks what is outstanding. A service stores and
    // acknowledges a batch in well under a second; Ingest's own limit is 20 s, which it needs whole where the database cannot take anything, and 3 s for its last
    // telemetry. Mosquitto writes its queue, at most 1 GB; PostgreSQL its cache (256 MB) and a checkpoint.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(5), SimulatorStop = TimeSpan.FromSeconds(20), ServiceStop = TimeSpan.FromSeconds(28), ServerStop = TimeSpan.FromSeconds(60);
    private readonly string[] _services = [.. TallyModel.IngestNames(options.Replicas), TallyModel.AckResponder, TallyModel.QueryApi];
    private readonly DistributedApplicationModel _model = application.Services.GetRequiredService<DistributedApplicationModel>();

    /// <summary>Starts, runs, stops, also when it throws; gives the run's exit status, or 130.</summary>
    public async Task<int> RunAsync()
    {
        string[] kept = [TallyModel.Mosquitto, TallyModel.Postgres, .. _services];
        await using var watch = new ResourceWatch(application.Services, data.Logs, screen, kept);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            interruption.First, application.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        await using var said = interruption.First.Register(() => screen.Say("Stopping everything; once more, and it is killed at once."));
        await using var atOnce = interruption.Second.Register(() =>
        {
            screen.Say("Interrupted again: killing everything. What is committed is on disk.");
            watch.KillAll();
            Environment.Exit(ExitStatus.Interrupted); // the orchestrator cleans up by itself once we are gone
        });
        try
        {
            await StartAsync(watch, kept, ending.Token);
            var status = options.Messages > 0 ? await SimulateAsync(watch, kept, ending.Token) : 0;
            if (!options.Exit && !ending.IsCancellationRequested) await StayUpAsync(watch, status, ending.Token);
            return status;
        }
        finally
        {
            await StopAsync(watch);
            if (interruption.First.IsCancellationRequested) screen.Say("Everything is stopped.");
        }
    }

    private static async Task OrFailAsync(ResourceWatch watch, Task task) => await await Task.WhenAny(task, watch.Failed);

    private async Task StartAsync(ResourceWatch watch, string[] kept, CancellationToken cancellationToken)
    {
        watch.Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartTimeout);
        await OrFailAsync(watch, application.StartAsync(limit.Token));
        await OrFailAsync(watch, Task.WhenAll(kept.Select(name => application.ResourceNotifications.WaitForResourceHealthyAsync(name, WaitBehavior.WaitOnResourceUnavailable, limit.Token))));
        foreach (var line in StartTable.Lines(_model, options, data, DateTime.Now - Process.GetCurrentProcess().StartTime)) screen.Say(line);
    }

    private async Task<int> SimulateAsync(ResourceWatch watch, string[] kept, CancellationToken cancellationToken)
    {
        var sampler = new UsageSampler();
        foreach (var name in kept) sampler.Add(name, () => watch.ProcessOf(name));
        sampler.Add(TallyModel.Simulator, () => watch.ProcessOf(TallyModel.Simulator), isNew: true);
        sampler.Add("apphost", () => Environment.ProcessId);
        using var over = new CancellationTokenSource();
        var sampling = sampler.RunAsync(over.Token);
        watch.OnSimulatorLine = screen.Run;
        var run = watch.RunAsync(TallyModel.Simulator);
        int status;
        try
        {
            await OrFailAsync(watch, run.WaitAsync(cancellationToken));
            status = await run;
        }
        catch (OperationCanceledException)
        {
            sampler.Look(); // while the simulator is there: it may not have lived for one interval
            await watch.StopAsync([TallyModel.Simulator], Signal.Interrupt, SimulatorStop);
            status = ExitStatus.Interrupted;
        }
        finally
        {
            await over.CancelAsync();
            await sampling;
        }

        if (options.Report is { } report && !sampler.AddTo(report)) screen.Say($"There is no report in {report}: the run did not get that far.");
        if (status is >= 0 and <= 128 or ExitStatus.Interrupted) return status;
        screen.Say($"The simulator was ended by {ExitStatus.Describe(status)}; what it had published is stored.");
        return ExitStatus.Environment;
    }

    private async Task StayUpAsync(ResourceWatch watch, int status, CancellationToken cancellationToken)
    {
        screen.Say($"{(options.Messages == 0 ? "Everything waits for sensors" : $"\nThe run ended with status {status}. Everything stays up")} until Ctrl-C; the web page is {StartTable.PageOf(_model)}");
        var interrupted = new TaskCompletionSource();
        await using var end = cancellationToken.Register(interrupted.SetResult);
        await OrFailAsync(watch, interrupted.Task);
    }

    // Those that use broker and database first, then these; PostgreSQL fast: connections are ended, a checkpoint is written.
    private async Task StopAsync(ResourceWatch watch)
    {
        watch.IsStopping = true;
        await watch.StopAsync([TallyModel.Simulator, TallyModel.Migrate], Signal.Terminate, SimulatorStop);
        await watch.StopAsync(_services, Signal.Terminate, ServiceStop);
        await watch.StopAsync([TallyModel.Mosquitto], Signal.Terminate, ServerStop);
        await watch.StopAsync([TallyModel.Postgres], Signal.Interrupt, ServerStop);
        await application.StopAsync();
    }
}
