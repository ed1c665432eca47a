using System.CommandLine;
using System.Text.Json;
using Tally.Mqtt;

namespace Tally.Benchmarks.Client;

/// <summary>The hidden verb that runs one side of the verb <c>client</c> in a process of its own.</summary>
internal static class ClientSideCommand
{
    /// <summary>Name of the verb.</summary>
    public const string Verb = "client-side";

    /// <summary>Environment variable with the broker's address.</summary>
    public const string BrokerVariable = "TALLY_BENCHMARK_BROKER";

    /// <summary>Line that the receiving side prints once it is subscribed.</summary>
    public const string Ready = "ready";

    /// <summary>Names of the clients.</summary>
    public const string Tally = "Tally", MqttNet = "MQTTnet";

    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var side = new Argument<string>("side");
        var qos = new Argument<int>("qos");
        var warmUp = new Argument<int>("warm-up");
        var messages = new Argument<int>("messages");
        var client = new Argument<string>("client");
        var command = new Command(Verb) { side, qos, warmUp, messages, client };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var broker = Environment.GetEnvironmentVariable(BrokerVariable)
                ?? throw new InvalidOperationException($"{BrokerVariable} is not set; '{Verb}' is started by 'client'.");
            var load = new ClientLoad(
                new Uri(broker), (MqttQos)parsed.GetValue(qos), parsed.GetValue(warmUp), parsed.GetValue(messages));
            void SayReady() => Console.WriteLine(Ready);
            var figures = await ((parsed.GetValue(client), parsed.GetValue(side)) switch
            {
                (Tally, "receive") => new ReceiveSide(load).RunAsync(SayReady, cancellationToken),
                (Tally, _) => new PublishSide(load).RunAsync(cancellationToken),
                (_, "receive") => new MqttNetSide(load).ReceiveAsync(SayReady, cancellationToken),
                _ => new MqttNetSide(load).PublishAsync(cancellationToken),
            });
            Console.WriteLine(JsonSerializer.Serialize(figures));
        });
        return command;
    }
}
