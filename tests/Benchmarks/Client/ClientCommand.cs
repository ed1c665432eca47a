using System.CommandLine;
using System.Globalization;

namespace Tally.Benchmarks.Client;

/// <summary>The verb <c>client</c>.</summary>
internal static class ClientCommand
{
    /// <summary>Describes it.</summary>
    public static Command Create()
    {
        var messages = CountOption.Of("--messages", "Messages measured.", 500_000);
        var warmUp = CountOption.Of("--warm-up", "Messages before that.", 500_000);
        var json = JsonFile.Option();
        var command = new Command("client", "Measures what publishing and receiving a message costs, and what it costs MQTTnet's own client.") { messages, warmUp, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (count, before) = (parsed.GetValue(messages), parsed.GetValue(warmUp));
            var figures = await new ClientBenchmark(count, before, ClientSideCommand.Tally).RunAsync(Console.Out, cancellationToken);

            // Slow enough for a fifth of them to say as much.
            var beside = await new ClientBenchmark(Math.Max(1, count / 5), Math.Max(1, before / 5), ClientSideCommand.MqttNet).RunAsync(Console.Out, cancellationToken);
            foreach (var (own, other) in figures.Streams.Zip(beside.Streams))
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"QoS {own.Qos}: publishing takes {own.Publish.CpuMicroseconds / other.Publish.CpuMicroseconds:0.00} of MQTTnet's processor time, receiving {own.Receive.CpuMicroseconds / other.Receive.CpuMicroseconds:0.00}."));
            }

            await JsonFile.WriteAsync(parsed.GetValue(json), figures with { Beside = beside }, cancellationToken);
        });
        return command;
    }
}
