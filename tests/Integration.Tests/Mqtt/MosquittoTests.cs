using Shouldly;
using Tally.Mqtt;
using Tally.ServiceDefaults.Telemetry;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt;

public sealed class MosquittoTests : IAsyncLifetime
{
    private static readonly MqttSubscription Telemetry = new("telemetry/#", MqttQos.ExactlyOnce);

    private MosquittoServer _broker = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Uri Publisher => _broker.AddressOf("simulator");

    private Uri Subscriber => _broker.AddressOf("ingest");

    public async ValueTask InitializeAsync() => _broker = await MosquittoServer.StartAsync(Cancel, MosquittoServer.ByTheBook);

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_message_arrives_with_everything_that_it_was_given(MqttQos qos)
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        var reason = await publisher.Client.PublishAsync(
            new MqttPublication
            {
                Topic = "telemetry/d/temperature",
                Payload = "23.5°C"u8.ToArray(),
                ContentType = "text/plain",
                ResponseTopic = "acks/pub",
                CorrelationData = "c-1"u8.ToArray(),
                UserProperties = [MqttTraceContext.Property("a", "1"), MqttTraceContext.Property("a", "2"), MqttTraceContext.Property("ü", "")],
                Qos = qos,
            },
            Cancel);

        reason.ShouldBe(MqttReasonCode.Success);
        await subscriber.UntilReceivedAsync(1);
        subscriber.Messages.TryDequeue(out var message).ShouldBeTrue();
        message.ShouldBe(new Received(
            "telemetry/d/temperature", "23.5°C", "text/plain", "acks/pub", "c-1", message.UserProperties, message.Delivery, qos, Retain: false,
            Duplicate: false));
        message.UserProperties.ShouldBe([("a", "1"), ("a", "2"), ("ü", "")]);
        (message.Delivery.PacketId == 0).ShouldBe(qos == MqttQos.AtMostOnce);
        message.Delivery.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task A_message_that_nobody_subscribes_to_says_so()
    {
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        (await publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/d/m", Qos = MqttQos.AtLeastOnce }, Cancel))
            .ShouldBe(MqttReasonCode.NoMatchingSubscribers);
    }

    [Fact]
    public async Task A_large_burst_arrives_complete_and_in_order()
    {
        const int Count = 50_000;
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        for (var token = 0; token < Count; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);

        await subscriber.UntilReceivedAsync(Count);
        await publisher.UntilPublishedAsync(Count);
        subscriber.Messages.Select(message => int.Parse(message.Payload, null)).ShouldBe(Enumerable.Range(0, Count));
        publisher.Published.Select(published => published.Token).Order().ShouldBe(Enumerable.Range(0, Count).Select(token => (long)token));
        publisher.Published.ShouldAllBe(published => published.Reason == MqttReasonCode.Success);
    }

    [Fact]
    public async Task No_more_is_sent_than_the_broker_allows_while_it_stands_still()
    {
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.UntilReadyAsync();
        publisher.Connections.Single().ConnAck.ReceiveMaximum.ShouldBe((ushort)2000);
        _broker.Pause();
        var taken = 0;
        while (publisher.Client.TryPublish(new MqttPublication { Topic = "telemetry/d/m", Qos = MqttQos.AtLeastOnce }, taken)) taken++;
        taken.ShouldBe(2000);
        _broker.Resume();
        await publisher.UntilPublishedAsync(2000);
    }

    [Fact]
    public async Task A_broker_that_restarts_with_its_sessions_loses_nothing()
    {
        const int Count = 20_000;
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.UntilReadyAsync();
        var publishing = Task.Run(
            async () =>
            {
                for (var token = 0; token < Count; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
            },
            Cancel);
        await subscriber.UntilReceivedAsync(3_000);
        await _broker.StopAsync();
        await _broker.StartAgainAsync(Cancel);
        await publishing;
        await publisher.UntilPublishedAsync(Count);

        await Eventually.UntilAsync(
            () => subscriber.Messages.Select(message => message.Payload).Distinct().Count() == Count, "every message to arrive");
        publisher.Published.Select(published => published.Token).Distinct().Count().ShouldBe(Count);
        publisher.Returned.ShouldBeEmpty();
        publisher.Connections.Last().SessionPresent.ShouldBeTrue();
        subscriber.Connections.Last().SessionPresent.ShouldBeTrue();
    }

    [Fact]
    public async Task A_broker_that_forgets_its_sessions_gives_messages_back_in_order_and_is_subscribed_to_again()
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.UntilReadyAsync();
        _broker.Pause();
        for (var token = 0; token < 500; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
        var waiting = publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/d/m", Qos = MqttQos.AtLeastOnce }, Cancel);
        await _broker.KillAsync();
        await _broker.StartAgainAsync(Cancel, forget: true);

        await Eventually.UntilAsync(() => publisher.Returned.Count == 500, "500 messages to be handed back");
        publisher.Returned.ShouldBe(Enumerable.Range(0, 500).Select(token => (long)token));
        publisher.Published.ShouldBeEmpty();
        await Should.ThrowAsync<MqttSessionLostException>(async () => await waiting);

        await subscriber.UntilReadyAsync(epoch: 2);
        subscriber.Connections.Last().SessionPresent.ShouldBeFalse();
        await publisher.PublishAsync("telemetry/d/m", 1000, Cancel);
        await subscriber.UntilReceivedAsync(1);
        subscriber.Messages.Select(message => message.Payload).ShouldBe(["1000"]);
    }

    [Fact]
    public async Task What_was_not_acknowledged_comes_again_with_DUP_and_an_old_acknowledgement_does_not_count()
    {
        await using var proxy = new CuttableProxy(_broker.Port);
        var through = new UriBuilder(Subscriber) { Port = proxy.Port }.Uri;
        await using var subscriber = new Endpoint(Endpoint.Options(through, "sub", Telemetry)) { Acknowledges = false };
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        for (var token = 0; token < 3; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
        await subscriber.UntilReceivedAsync(3);
        var first = subscriber.Messages.ToArray();
        first.ShouldAllBe(message => !message.Duplicate && message.Delivery.Epoch == 1);
        subscriber.Client.Acknowledge(first[0].Delivery);

        // The broker has that acknowledgement once it has answered what was sent behind it.
        await subscriber.Client.PublishAsync(new MqttPublication { Topic = "stored/x", Qos = MqttQos.AtLeastOnce }, Cancel);
        proxy.Cut();
        await subscriber.UntilReceivedAsync(5);
        var second = subscriber.Messages.Skip(3).ToArray();
        second.Select(message => message.Payload).ShouldBe(["1", "2"]);
        second.ShouldAllBe(message => message.Duplicate && message.Delivery.Epoch == 2);

        subscriber.Client.Acknowledge(first[1].Delivery);
        await subscriber.Client.PublishAsync(new MqttPublication { Topic = "stored/x", Qos = MqttQos.AtLeastOnce }, Cancel);
        proxy.Cut();
        await subscriber.UntilReceivedAsync(7);
        subscriber.Messages.Skip(5).Select(message => message.Payload).ShouldBe(["1", "2"]);
        subscriber.Client.Acknowledge([.. subscriber.Messages.Skip(5).Select(message => message.Delivery)]);
        await subscriber.Client.PublishAsync(new MqttPublication { Topic = "stored/x", Qos = MqttQos.AtLeastOnce }, Cancel);
        proxy.Cut();
        await subscriber.UntilReadyAsync(epoch: 4);
        await publisher.PublishAsync("telemetry/d/m", 9, Cancel);
        await subscriber.UntilReceivedAsync(8);
        subscriber.Messages.Last().Payload.ShouldBe("9");
    }

    [Fact]
    public async Task Connections_cut_in_the_middle_of_a_stream_lose_nothing()
    {
        const int Cuts = 20;
        await using var proxy = new CuttableProxy(_broker.Port);
        await using var subscriber = new Endpoint(
            Endpoint.Options(new UriBuilder(Subscriber) { Port = proxy.Port }.Uri, "sub", Telemetry) with { TakeoverDelay = TimeSpan.FromMilliseconds(20) });
        await using var publisher = new Endpoint(
            Endpoint.Options(new UriBuilder(Publisher) { Port = proxy.Port }.Uri, "pub") with { TakeoverDelay = TimeSpan.FromMilliseconds(20) });
        await subscriber.UntilReadyAsync();
        await publisher.UntilReadyAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var published = 0;
        var publishing = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested) await publisher.PublishAsync("telemetry/d/m", published++, Cancel);
            },
            Cancel);
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
        publisher.Published.Select(one => one.Token).Order().ShouldBe(Enumerable.Range(0, published).Select(token => (long)token));
    }

    [Fact]
    public async Task Two_clients_with_one_identifier_say_so()
    {
        await using var first = new Endpoint(Endpoint.Options(Publisher, "same"));
        await first.UntilReadyAsync();
        await using var second = new Endpoint(Endpoint.Options(Publisher, "same"));
        await Eventually.UntilAsync(
            () => first.Disconnections.Concat(second.Disconnections).Any(end => end.Reason == MqttReasonCode.SessionTakenOver),
            "one of them to say that another client uses the identifier");
        first.Disconnections.Concat(second.Disconnections).First(end => end.Reason == MqttReasonCode.SessionTakenOver)
            .Message.ShouldContain("Another client uses id 'same'");
    }

    [Fact]
    public async Task An_owner_holds_the_broker_back_without_losing_the_connection()
    {
        const int Count = 30_000;
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var subscriber = new Endpoint(
            Endpoint.Options(Subscriber, "sub", Telemetry) with { KeepAlive = TimeSpan.FromSeconds(4) }) { Acknowledges = false, Hold = hold.Task };
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        for (var token = 0; token < Count; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
        await publisher.UntilPublishedAsync(Count);

        // One read is all that was taken; the broker's limit for a silent client, one and a half keep-alives, goes by twice.
        var held = subscriber.Messages.Count;
        held.ShouldBeLessThan(5_000);
        var since = Environment.TickCount64;
        await Eventually.UntilAsync(() => Environment.TickCount64 - since > 12_000, "twelve seconds to pass");
        subscriber.Messages.Count.ShouldBe(held);
        subscriber.Client.Epoch.ShouldBe(1);

        hold.SetResult();
        var acknowledged = 0;
        await Eventually.UntilAsync(
            () =>
            {
                MqttDelivery[] arrived = [.. subscriber.Messages.Skip(acknowledged).Select(message => message.Delivery)];
                subscriber.Client.Acknowledge(arrived);
                acknowledged += arrived.Length;
                return acknowledged >= Count;
            },
            "the rest to arrive");
        subscriber.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task A_refused_password_ends_the_client_with_one_clear_line()
    {
        await using var client = new Endpoint(Endpoint.Options(Publisher, "pub") with { Password = "wrong-secret" });
        var refused = await Should.ThrowAsync<MqttRefusedException>(client.Run);
        refused.Message.ShouldContain($"Broker 127.0.0.1:{_broker.Port} refuses the connection of user 'simulator', client id 'pub'");
        refused.Message.ShouldContain("Check user name and password");
        refused.Message.ShouldNotContain("wrong-secret");
        client.Disconnections.Single().Message.ShouldBe(refused.Message);
    }

    [Fact]
    public async Task A_broker_that_is_away_at_start_is_waited_for()
    {
        await _broker.StopAsync();
        await using var client = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await Eventually.UntilAsync(() => !client.Disconnections.IsEmpty, "the failure to be reported");
        client.Disconnections.Single().Message.ShouldContain($"Broker 127.0.0.1:{_broker.Port} cannot be reached");
        await _broker.StartAgainAsync(Cancel);
        await client.UntilReadyAsync();
        client.Disconnections.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_broker_that_stands_still_is_given_up_and_found_again()
    {
        await using var client = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry) with
        {
            KeepAlive = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(1),
        });
        await client.UntilReadyAsync();
        _broker.Pause();
        await Eventually.UntilAsync(() => client.Disconnections.Any(end => end.Reason == MqttReasonCode.KeepAliveTimeout), "the silence to be noticed");
        client.Client.IsReady.ShouldBeFalse();
        _broker.Resume();
        await client.UntilReadyAsync(epoch: 2);
        client.Connections.Last().SessionPresent.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stopped_client_leaves_no_message_behind()
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.UntilReadyAsync();
        for (var token = 0; token < 2_000; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
        await publisher.StopAsync();
        await publisher.DisposeAsync();
        await subscriber.UntilReceivedAsync(2_000);
    }
}
