using Tally.Mqtt;

namespace Tally.SensorSimulator.Runs;

/// <summary>Executes runs, one after the other or side by side: connects, publishes, waits for acknowledgements, disconnects.</summary>
internal sealed class RunExecutor(IMqttClientFactory clients, TimeProvider time)
{
    /// <summary>
    /// Readings of QoS 2 on their way to the broker at once. Mosquitto 2.0.11 walks its list of them at each PUBLISH and PUBREL: with 200 a
    /// reading cost it 32 µs and a run had 10,800 and 13,200 readings/s, with the 2,000 that it allows 44 µs, 7,900 and 9,600 readings/s (seen).
    /// </summary>
    private const ushort MostExactlyOnce = 200;

    /// <summary>Executes one run.</summary>
    /// <param name="options">What to publish.</param>
    /// <param name="broker">The broker's address.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellationToken">Stops publishing and disconnects; the outcome then says that it was interrupted.</param>
    /// <returns>What the run knows of itself.</returns>
    /// <exception cref="RunEnvironmentException">The broker is not there or refuses.</exception>
    public async Task<RunOutcome> ExecuteAsync(RunOptions options, Uri broker, IRunProgress progress, CancellationToken cancellationToken)
    {
        using var run = new ActiveRun(options, time);
        var receiver = new Receiver(run);
        await using var client = clients.Create(OptionsOf(run, broker), receiver);
        receiver.Client = client;

        using var disconnect = new CancellationTokenSource();
        using var work = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var connection = client.RunAsync(disconnect.Token);
        var observer = new Observer(run, progress);
        var observing = observer.RunAsync(work.Token);
        // A burst may go on for long without waiting: it must not hold up this method.
        var sending = Task.Run(() => new Sender(run, client).RunAsync(work.Token), CancellationToken.None);
        SimulatorTelemetry.Begin(run);
        try
        {
            await Task.WhenAny(connection, observing, sending);
            if (sending.IsCompletedSuccessfully) await WaitForDropCounterAsync(run, connection, cancellationToken);
        }
        finally
        {
            // How each of them ended is looked at below; here they only have to have ended, the connection last.
            await work.CancelAsync();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await observing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await disconnect.CancelAsync();
            await connection.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            SimulatorTelemetry.End(run);
        }

        observer.Show();
        if (connection.Exception?.InnerException is MqttRefusedException refused) throw new RunEnvironmentException(refused.Message, refused);
        // The connection first: without it the others only fail in consequence. Being asked to stop is no failure.
        foreach (var task in (Task[])[connection, observing, sending])
        {
            if (task.IsFaulted) await task;
        }

        var end = sending.IsCompletedSuccessfully ? RunEnd.Completed : observing.IsCompletedSuccessfully ? RunEnd.Stalled : RunEnd.Interrupted;
        return OutcomeOf(run, end);
    }

    private static MqttClientOptions OptionsOf(ActiveRun run, Uri broker) => new()
    {
        Broker = broker,
        ClientId = run.ClientId,
        SessionExpiry = run.Options.SessionExpiry,
        StopTimeout = run.Options.StopTimeout,
        // The window may be larger than a packet identifier can count.
        PublishWindow = run.Options.Qos == MqttQos.ExactlyOnce ? MostExactlyOnce : (ushort)Math.Min(run.Options.Window.Size, ushort.MaxValue),
        Subscriptions =
        [
            new MqttSubscription(run.AckTopic),
            .. DropCounter.Filters.Select(filter => new MqttSubscription(filter, MqttQos.AtMostOnce)),
        ],
    };

    /// <summary>The broker's next whole tick after the last acknowledgement, if it ticks at all.</summary>
    private static async Task WaitForDropCounterAsync(ActiveRun run, Task connection, CancellationToken cancellationToken)
    {
        var begin = run.Time.GetTimestamp();
        lock (run.Gate) run.Drops.BeginFinalTick();
        while (!cancellationToken.IsCancellationRequested && !connection.IsCompleted && run.Time.GetElapsedTime(begin) < run.Options.DropCounterTimeout)
        {
            lock (run.Gate)
            {
                if (run.Drops.IsSettled) return;
            }

            await run.WakeSender.WaitAsync(TimeSpan.FromMilliseconds(100)); // the sender has ended; the receiver still sets it
        }
    }

    private static RunOutcome OutcomeOf(ActiveRun run, RunEnd end)
    {
        lock (run.Gate)
        {
            return new RunOutcome
            {
                Options = run.Options,
                End = end,
                Published = run.Window.Published,
                Stored = run.Window.Stored,
                Rejected = run.Window.Rejected,
                Resent = run.Window.Resent,
                Probes = run.Window.Probes,
                Duration = run.FirstPublishAt == 0 ? TimeSpan.Zero : run.Time.GetElapsedTime(run.FirstPublishAt, Math.Max(run.FirstPublishAt, run.Window.ProgressAt)),
                Latency = run.Window.Latency,
                BrokerDropped = run.Drops.Dropped,
                Unannounced = run.Announcing.Open,
            };
        }
    }
}
