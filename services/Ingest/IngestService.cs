using Tally.Ingest.Receiving;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest;

/// <summary>Runs the pipeline: receive, store, announce, acknowledge; from the first life number to the last PUBACK.</summary>
internal sealed class IngestService(
    IngestClients clients,
    TelemetryHandler handler,
    ForeignIdentities foreign,
    PatientDatabase database,
    IngestLives lives,
    IngestSessions sessions,
    FormerSubscriptions former,
    CatchUp catchUp,
    Pipeline pipeline,
    IngestOptions options,
    ExitStatus exit,
    IHostApplicationLifetime lifetime,
    ILogger<IngestService> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreign.Begin(await database.AskAsync(lives.NextLifeAsync, stoppingToken)); // before anything can arrive
            var session = await database.AskAsync(stop => sessions.BeginAsync(options.Instance, clients.Subscriptions, stop), stoppingToken);
            clients.Open(session.Key);
            former.Find(session);
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            logger.LogInformation("Stopped before the database answered; nothing was received.");
        }
        catch (MqttRefusedException error)
        {
            logger.LogCritical("{Reason}", error.Message);
            exit.Code = ExitStatus.Environment;

            // A host that is stopped while it starts throws instead of ending.
            lifetime.ApplicationStarted.UnsafeRegister(static lifetime => ((IHostApplicationLifetime)lifetime!).StopApplication(), lifetime);
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        using var abort = new CancellationTokenSource();
        using var leave = new CancellationTokenSource();
        var storing = pipeline.RunAsync(abort.Token);
        var connections = ConnectAsync(leave.Token);
        logger.LogInformation("Subscribing as '{Instance}' to {Filters}.", options.Instance, string.Join(", ", clients.Subscriptions));
        try
        {
            var stopping = Task.Delay(Timeout.InfiniteTimeSpan, stop);
            var ended = await Task.WhenAny(storing, connections, stopping);
            if (ended == stopping) await DrainAsync(storing);
            else await ended; // neither ends by itself, except by failing
        }
        finally
        {
            await abort.CancelAsync();
            await leave.CancelAsync();
            await Task.WhenAll(storing, connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what matters was thrown above
        }
    }

    /// <summary>Stores, announces and acknowledges what was received; what it cannot finish in time is delivered again.</summary>
    private async Task DrainAsync(Task storing)
    {
        handler.Stop();
        try
        {
            await storing.WaitAsync(options.StopTimeout);
            logger.LogInformation("Stopped: all that was received is stored and acknowledged.");
        }
        catch (TimeoutException)
        {
            logger.LogWarning(
                "Stopped after {Timeout} with readings that are not acknowledged; the broker delivers them again.", options.StopTimeout);
        }
    }

    private async Task ConnectAsync(CancellationToken leave)
    {
        var delivery = clients.Delivery.RunAsync(leave);
        var notices = clients.Notices.RunAsync(leave);
        var changing = former.EndAsync(leave);
        var catchingUp = catchUp.RunAsync(leave);
        await await Task.WhenAny(delivery, notices); // what fails is heard of at once
        await changing;
        await catchingUp;
        await delivery;
        await notices;
    }
}
