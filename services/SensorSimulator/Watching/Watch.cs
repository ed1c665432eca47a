using Tally.Mqtt;
using Tally.SensorSimulator.Runs;

namespace Tally.SensorSimulator.Watching;

/// <summary>The plain subscriber of every MQTT tutorial: prints what arrives, and counts.</summary>
internal sealed class Watch(IMqttClientFactory clients, TextWriter output)
{
    /// <summary>What to subscribe to.</summary>
    public required string Filter { get; init; }

    /// <summary>The count is printed after every so many messages; 0: only at the end.</summary>
    public long Every { get; init; }

    /// <summary>Stop after so many messages; 0: never.</summary>
    public long Count { get; init; }

    /// <summary>Highest QoS to receive with.</summary>
    public MqttQos Qos { get; init; } = MqttQos.AtLeastOnce;

    /// <summary>Time for the first connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Prints until it is stopped or has seen enough.</summary>
    /// <exception cref="RunEnvironmentException">The broker is not there or refuses.</exception>
    public async Task RunAsync(Uri broker, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var printer = new MessagePrinter(output, Every, Count, stop.Cancel);
        await using var client = clients.Create(
            new MqttClientOptions
            {
                Broker = broker,
                ClientId = $"watch-{Random.Shared.NextInt64(0x1_0000_0000):x8}",
                Subscriptions = [new MqttSubscription(Filter, Qos)],
            },
            printer);
        printer.Client = client;
        using var noConnection = new Timer(
            _ =>
            {
                if (!printer.WasConnected) stop.Cancel();
            },
            null, ConnectTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            await client.RunAsync(stop.Token);
        }
        catch (MqttRefusedException refused)
        {
            throw new RunEnvironmentException(refused.Message, refused);
        }

        if (!printer.WasConnected && !cancellationToken.IsCancellationRequested)
        {
            throw new RunEnvironmentException(
                $"No connection to the broker within {ConnectTimeout.TotalSeconds:N0} s (--connect-timeout): {printer.Disconnected ?? "it does not answer"}");
        }

        printer.PrintTotal();
    }
}
