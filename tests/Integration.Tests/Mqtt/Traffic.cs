using Shouldly;
using Tally.Mqtt;
using Tally.Testing;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>A stream of QoS 1 messages from one client to another, for every way to a broker.</summary>
internal static class Traffic
{
    private const int Count = 5_000;
    private const int Cuts = 5;

    /// <summary>Streams, and sees everything arrive once and in order.</summary>
    public static async Task StreamAsync(Uri publisherAddress, Uri subscriberAddress, MqttTls? tls, string topic, CancellationToken cancel)
    {
        await using var subscriber = Client(subscriberAddress, tls, new MqttSubscription(topic));
        await subscriber.UntilReadyAsync();
        await using var publisher = Client(publisherAddress, tls);
        for (var token = 0; token < Count; token++) await publisher.PublishAsync(topic, token, cancel);
        await subscriber.UntilReceivedAsync(Count);
        await publisher.UntilPublishedAsync(Count);
        subscriber.Messages.Select(message => int.Parse(message.Payload, null)).ShouldBe(Enumerable.Range(0, Count));
        publisher.Published.ShouldAllBe(published => published.Reason == MqttReasonCode.Success);
        publisher.Disconnections.ShouldBeEmpty();
        subscriber.Disconnections.ShouldBeEmpty();

        // An orderly end is heard: nothing is left to a time-out.
        await publisher.StopAsync().WaitAsync(Eventually.Timeout, cancel);
        publisher.Disconnections.ShouldHaveSingleItem().Reason.ShouldBe(MqttReasonCode.Success);
    }

    /// <summary>Streams while connections are cut, and sees everything arrive.</summary>
    public static async Task StreamThroughCutsAsync(
        CuttableProxy proxy, Uri publisherAddress, Uri subscriberAddress, MqttTls? tls, string topic, CancellationToken cancel)
    {
        await using var subscriber = Client(subscriberAddress, tls, new MqttSubscription(topic));
        await using var publisher = Client(publisherAddress, tls);
        await subscriber.UntilReadyAsync();
        await publisher.UntilReadyAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var published = 0;
        var publishing = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested) await publisher.PublishAsync(topic, published++, cancel);
            },
            cancel);
        for (var cut = 1; cut <= Cuts; cut++)
        {
            await publisher.UntilReadyAsync(epoch: cut);
            await subscriber.UntilReadyAsync(epoch: cut);
            var (acknowledged, received) = (publisher.Published.Count, subscriber.Messages.Count);
            await Eventually.UntilAsync(
                () => publisher.Published.Count > acknowledged + 200 && subscriber.Messages.Count > received + 200, "the stream to run");
            proxy.Cut();
        }

        await enough.CancelAsync();
        await publishing;
        await publisher.UntilPublishedAsync(published);
        await Eventually.UntilAsync(
            () => subscriber.Messages.Select(message => message.Payload).Distinct().Count() == published, "every message to arrive");
        publisher.Client.Epoch.ShouldBeGreaterThanOrEqualTo(Cuts);
    }

    private static Endpoint Client(Uri address, MqttTls? tls, params MqttSubscription[] subscriptions) =>
        new(Endpoint.Options(address, $"traffic-{Guid.NewGuid()}", subscriptions) with { Tls = tls, TakeoverDelay = TimeSpan.FromMilliseconds(20) });
}
