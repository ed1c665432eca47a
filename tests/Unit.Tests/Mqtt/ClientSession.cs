using System.Text;
using Microsoft.Extensions.Logging;
using Tally.Mqtt;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>A client that runs against a <see cref="ScriptedBroker"/>.</summary>
internal sealed class ClientSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public ClientSession(MqttClientOptions options, RecordingHandler? handler = null)
    {
        Handler = handler ?? new RecordingHandler();
        Client = new MqttClient(options, Handler, new Logger<MqttClient>(new LoggerFactory([Log])));
        Run = Client.RunAsync(_stop.Token);
    }

    public MqttClient Client { get; }

    public RecordingHandler Handler { get; }

    public RecordingLog Log { get; } = new();

    public Task Run { get; }

    public Task StopAsync()
    {
        _stop.Cancel();
        return Run;
    }

    public bool TryPublish(string topic, long token, string payload = "", MqttQos qos = MqttQos.AtLeastOnce) => Client.TryPublish(
        new MqttPublication { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos }, token);

    /// <summary>Publishes, waiting for room where there is none.</summary>
    public async Task PublishAsync(string topic, long token, CancellationToken cancel)
    {
        while (!TryPublish(topic, token)) await Client.WaitToPublishAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
