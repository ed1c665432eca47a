using System.Diagnostics;
using Npgsql;
using Tally.AppHost.Local.Processes;

namespace Tally.AppHost.Local;

/// <summary>One start of everything, with one run of the simulator in it.</summary>
internal sealed class LocalRun(RunOptions options, LocalData data, LocalResources resources, Screen screen, Interruption interruption)
{
    // Creating the schema takes a second; a migration of many rows may take long, but there is none yet.
    private static readonly TimeSpan MigrateTimeout = TimeSpan.FromSeconds(120);

    // It sends what is buffered, disconnects (5 s at most) and asks for the ledger's stored side, to say what is outstanding.
    private static readonly TimeSpan SimulatorStop = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _abort = CancellationTokenSource.CreateLinkedTokenSource(interruption.First);
    private readonly List<Resource> _started = [];
    private readonly List<Task> _running = [];
    private readonly UsageSampler _sampler = new();
    private EnvironmentException? _failure;
    private ChildProcess? _oneShot;

    /// <summary>Starts, runs, stops.</summary>
    /// <returns>The run's exit status, or 130.</returns>
    /// <exception cref="EnvironmentException">Something cannot be started or kept up; everything is stopped by then.</exception>
    /// <exception cref="OperationCanceledException">Interrupted before the run began; everything is stopped by then.</exception>
    public async Task<int> RunAsync()
    {
        using var ends = _abort;
        await using var atOnce = interruption.Second.Register(KillAll);
        try
        {
            await StartAsync(_abort.Token);
            var status = await SimulateAsync();
            if (_failure is null && !options.Exit && !interruption.First.IsCancellationRequested) await StayUpAsync(status);
            if (_failure is not null) throw _failure;
            return status;
        }
        catch (OperationCanceledException) when (_failure is not null)
        {
            throw _failure;
        }
        finally
        {
            await StopAsync();
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var dashboard = StartDashboardAsync(cancellationToken);
        var broker = StartAsync(resources.Mosquitto, cancellationToken);
        var database = StartAsync(resources.Postgres, cancellationToken);
        await broker;
        await dashboard; // the services send to it from their first line on
        var ackResponder = StartAsync(resources.AckResponder, cancellationToken); // needs no database
        await database;
        try
        {
            await resources.Server.EnsureDatabaseAsync(LocalResources.Database, cancellationToken);
        }
        catch (NpgsqlException error)
        {
            throw new EnvironmentException($"The database {LocalResources.Database} cannot be made: {error.Message}");
        }

        await MigrateAsync(cancellationToken);
        await Task.WhenAll(StartAsync(resources.Ingest, cancellationToken), StartAsync(resources.QueryApi, cancellationToken), ackResponder);
        foreach (var line in StartTable.Lines(resources, data, watch.Elapsed)) screen.Say(line);
    }

    private Task StartAsync(ResourcePlan plan, CancellationToken cancellationToken)
    {
        var resource = new Resource(plan, data.Logs, screen);
        _started.Add(resource);
        _sampler.Add(resource.Name, () => resource.ProcessId);
        _running.Add(KeepUpAsync(resource));
        return resource.UntilReadyAsync(cancellationToken);
    }

    // Not one of those whose processor time is the run's, and without it the run goes on.
    private async Task StartDashboardAsync(CancellationToken cancellationToken)
    {
        if (resources.Dashboard is not { } dashboard) return;
        var resource = new Resource(dashboard.Plan, data.Logs, screen);
        _started.Add(resource);
        _running.Add(KeepDashboardUpAsync(resource));
        try
        {
            await resource.UntilReadyAsync(cancellationToken);
        }
        catch (EnvironmentException)
        {
            resources.LeaveOutDashboard(); // said where it was run
        }
    }

    private async Task KeepDashboardUpAsync(Resource resource)
    {
        try
        {
            await resource.RunAsync();
        }
        catch (EnvironmentException error)
        {
            screen.Say($"{error.Message}\nThe run goes on without the dashboard; --no-dashboard keeps it from being started.");
        }
    }

    private async Task KeepUpAsync(Resource resource)
    {
        try
        {
            await resource.RunAsync();
        }
        catch (EnvironmentException error)
        {
            _failure ??= error;
            await _abort.CancelAsync();
        }
    }

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var log = new LogFile(Path.Combine(data.Logs, "migrate.log"));
        await using var migrate = ChildProcess.Start(resources.Migrate(), line =>
        {
            log.Write(line);
            screen.Log("migrate", line);
        });
        _oneShot = migrate;
        int status;
        try
        {
            status = await migrate.Exited.WaitAsync(MigrateTimeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new EnvironmentException($"The schema was not up to date within {MigrateTimeout.TotalSeconds:0} s (Ingest migrate; log: {log.Path}).");
        }

        if (status != 0) throw new EnvironmentException($"The schema could not be brought up to date: Ingest migrate ended with {ExitStatus.Describe(status)} (log: {log.Path}).");
    }

    private async Task<int> SimulateAsync()
    {
        screen.IsShared = true;
        using var over = new CancellationTokenSource();
        await using var simulator = ChildProcess.Start(resources.Simulator(), onLine: null);
        _oneShot = simulator;
        _sampler.Add("simulator", () => simulator.Exited.IsCompleted ? null : simulator.Id, isNew: true);
        _sampler.Add("apphost", () => Environment.ProcessId);
        var sampling = _sampler.RunAsync(over.Token);
        int status;
        try
        {
            status = await simulator.Exited.WaitAsync(_abort.Token);
        }
        catch (OperationCanceledException)
        {
            if (!await simulator.StopAsync(SimulatorStop))
                screen.Say($"The simulator did not stop within {SimulatorStop.TotalSeconds:0} s and was killed: what is outstanding is not known.");
            status = ExitStatus.Interrupted;
        }
        finally
        {
            await over.CancelAsync();
            await sampling;
            screen.IsShared = false;
        }

        if (options.Report is { } report && !RunReport.AddProcesses(report, _sampler.Usage())) screen.Say($"There is no report in {report}: the run did not get that far.");
        if (status == ExitStatus.Environment) await SayWhatIsNotReadyAsync();
        if (status <= 128 || status == ExitStatus.Interrupted) return status;
        screen.Say($"The simulator was ended by {ExitStatus.Describe(status)}; what it had published is stored.");
        return ExitStatus.Environment;
    }

    // The simulator sees only that nothing comes back; we can ask each part.
    private async Task SayWhatIsNotReadyAsync()
    {
        foreach (var plan in resources.All)
        {
            if (await plan.WhatIsMissingAsync(CancellationToken.None) is { } missing) screen.Say($"{plan.Name} is not ready: {missing} (log: {Path.Combine(data.Logs, plan.Name + ".log")})");
        }
    }

    private async Task StayUpAsync(int status)
    {
        screen.Say("");
        var dashboard = resources.Dashboard is { } shown ? $" and the dashboard {shown.Page.AbsoluteUri}" : "";
        screen.Say($"The run ended with status {status}. Everything stays up until Ctrl-C; the web page is {resources.Page.AbsoluteUri}{dashboard}");
        try
        {
            await Task.Delay(Timeout.Infinite, _abort.Token);
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            // Ctrl-C, which is how this ends, or a resource that could not be kept up, which the caller looks at.
        }
    }

    // Those that use broker, database and dashboard first, then these; within each group at once.
    private async Task StopAsync()
    {
        string[] servers = [resources.Mosquitto.Name, resources.Postgres.Name, LocalDashboard.Name];
        await Task.WhenAll(_started.Where(resource => !servers.Contains(resource.Name)).Select(resource => resource.StopAsync()));
        await Task.WhenAll(_started.Where(resource => servers.Contains(resource.Name)).Select(resource => resource.StopAsync()));
        await Task.WhenAll(_running);
        foreach (var resource in _started) resource.Dispose();
        if (_started.Count > 0) screen.Say("Everything is stopped.");
    }

    private void KillAll()
    {
        screen.Say("Interrupted again: killing everything. What is committed is on disk.");
        _oneShot?.Kill();
        foreach (var resource in _started) resource.Kill();
    }
}
