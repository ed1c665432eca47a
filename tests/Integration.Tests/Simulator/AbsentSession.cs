using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Simulator;

/// <summary>A session that subscribed and went away: the broker queues for it.</summary>
internal sealed class AbsentSession : IMqttHandler
{
    public static async Task MakeAsync(MosquittoServer broker, string filter, CancellationToken cancel)
    {
        await using var client = new MqttClientFactory().Create(
            new MqttClientOptions
            {
                Broker = broker.AddressOf("viewer"),
                ClientId = "absent",
                SessionExpiry = TimeSpan.FromMinutes(5),
                Subscriptions = [new MqttSubscription(filter)],
            },
            new AbsentSession());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = client.RunAsync(stop.Token);
        await Eventually.UntilAsync(() => client.IsReady, "the session to be subscribed");
        await stop.CancelAsync();
        await running;
    }
}
