using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Benchmarks.Client;

/// <summary>
/// What publishing and receiving a message costs a process that does nothing else: one stream through a real Mosquitto,
/// each side in a process of its own, so that neither's time is counted with the other's or with the broker's.
/// </summary>
/// <param name="messages">Messages measured.</param>
/// <param name="warmUp">Messages before that, until the JIT compiler has nothing more to do and buffers have their size.</param>
/// <param name="client">Name of the client measured.</param>
internal sealed class ClientBenchmark(int messages, int warmUp, string client)
{
    // Mosquitto 2.0.11 walks its list of messages in flight at each PUBLISH and PUBREL of QoS 2, and moves a third of what it moves
    // at QoS 1: as many messages would take longer than both other streams together, and show nothing more.
    private const int ExactlyOnceShare = 10;

    // From the last message published to the last received; in fact some milliseconds.
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs it and prints what it found.</summary>
    public async Task<ClientFigures> RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await using var broker = await MosquittoServer.StartAsync(cancellationToken);
        await output.WriteLineAsync($"Client {client}, per message with {ClientLoad.PayloadBytes} bytes, {messages:N0} messages after {warmUp:N0} to warm up; at QoS 2 a tenth of both:");
        await output.WriteLineAsync("                    user µs   system µs   allocated bytes   messages/s");
        var streams = new List<StreamFigures>();
        foreach (var qos in (MqttQos[])[MqttQos.AtMostOnce, MqttQos.AtLeastOnce, MqttQos.ExactlyOnce])
        {
            streams.Add(await RunAsync(broker, qos, cancellationToken));
            await PrintAsync(output, "publish", qos, streams[^1].Publish);
            await PrintAsync(output, "receive", qos, streams[^1].Receive);
        }

        return new ClientFigures(client, messages, streams);
    }

    private async Task<StreamFigures> RunAsync(MosquittoServer broker, MqttQos qos, CancellationToken cancellationToken)
    {
        using var receiver = Start("receive", qos, broker.AddressOf("ingest"));
        try
        {
            if (await receiver.StandardOutput.ReadLineAsync(cancellationToken) != ClientSideCommand.Ready)
                throw new InvalidOperationException("The receiving side did not become ready; its message stands above.");
            using var sender = Start("publish", qos, broker.AddressOf("simulator"));
            try
            {
                var publish = await ReadAsync(sender, cancellationToken);

                // At QoS 0 the broker may drop what it cannot pass on; then there is nothing to wait for.
                return new StreamFigures((int)qos, ShareOf(messages, qos), publish, await ReadAsync(receiver, cancellationToken).WaitAsync(ArrivalTimeout, cancellationToken));
            }
            finally
            {
                End(sender);
            }
        }
        finally
        {
            End(receiver);
        }
    }

    private Process Start(string side, MqttQos qos, Uri broker)
    {
        // The same program again: its own host, or the dotnet host with its assembly.
        var host = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet") start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in (string[])[ClientSideCommand.Verb, side, $"{(int)qos}", $"{ShareOf(warmUp, qos)}", $"{ShareOf(messages, qos)}", client])
            start.ArgumentList.Add(argument);

        // Not as an argument: it holds a password.
        start.Environment[ClientSideCommand.BrokerVariable] = broker.OriginalString;
        return Process.Start(start) ?? throw new InvalidOperationException($"{host} did not start.");
    }

    private static async Task<SideFigures> ReadAsync(Process side, CancellationToken cancellationToken)
    {
        var line = await side.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new InvalidOperationException("One side ended without figures; its message stands above.");
        return JsonSerializer.Deserialize<SideFigures>(line)!;
    }

    private static int ShareOf(int count, MqttQos qos) => qos == MqttQos.ExactlyOnce ? Math.Max(1, count / ExactlyOnceShare) : count;

    private static void End(Process side)
    {
        if (!side.HasExited) side.Kill();
    }

    private static Task PrintAsync(TextWriter output, string name, MqttQos qos, SideFigures figures) => output.WriteLineAsync(
        $"  {name} QoS {(int)qos}   {figures.CpuUserMicroseconds,10:0.00}{figures.CpuSystemMicroseconds,12:0.00}{figures.AllocatedBytes,18:0.000}{figures.MessagesPerSecond,13:N0}");
}
