using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

// From us to the broker.
public abstract partial class MqttContract
{
    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_message_arrives_as_it_was_published(MqttQos qos)
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#"), MqttQos.ExactlyOnce));
        var publisher = await JoinAsync("pub");
        (await publisher.PublishAsync(Topic("d/temperature"), "23.5°C", Cancel, qos)).ShouldBe(MqttReasonCode.Success);

        await subscriber.UntilReceivedAsync(1);
        var message = subscriber.Messages.ShouldHaveSingleItem();
        message.Topic.ShouldBe(Topic("d/temperature"));
        message.Payload.ShouldBe("23.5°C");
        message.Qos.ShouldBe(qos);
        message.Retain.ShouldBeFalse();
        message.Duplicate.ShouldBeFalse();
        message.Delivery.Epoch.ShouldBe(1);
        (message.Delivery.PacketId == 0).ShouldBe(qos == MqttQos.AtMostOnce);
    }

    [Fact]
    public async Task A_large_message_and_an_empty_one_arrive_whole()
    {
        var large = new string('x', 500_000) + "end";
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("large"), large, Cancel);
        await publisher.PublishAsync(Topic("empty"), "", Cancel);
        await subscriber.UntilReceivedAsync(2);
        subscriber.Messages.First().Payload.ShouldBe(large);
        subscriber.Messages.Last().Payload.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task Messages_arrive_and_are_acknowledged_once_each_in_the_order_of_publishing(MqttQos qos)
    {
        const int Count = 1_000;
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#"), qos));
        var publisher = await JoinAsync("pub");
        for (var token = 0; token < Count; token++) await publisher.SendAsync(Topic("d"), token, qos, Cancel);
        await subscriber.UntilReceivedAsync(Count);
        await publisher.UntilPublishedAsync(Count);
        subscriber.Payloads.ShouldBe(Tokens(Count));
        publisher.Published.Select(published => published.Token).Order().ShouldBe(Enumerable.Range(0, Count).Select(token => (long)token));
        publisher.Published.ShouldAllBe(published => published.Reason == MqttReasonCode.Success);
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task No_more_waits_for_acknowledgement_than_the_window_allows(MqttQos qos)
    {
        var line = NewLine();
        var publisher = await JoinAsync(Options("pub") with { Broker = line.Through(Device), PublishWindow = 20 });
        line.HoldAnswers();
        for (var token = 0; token < 20; token++) publisher.Client.TryPublish(Publication(qos), token).ShouldBeTrue();
        publisher.Client.TryPublish(Publication(qos), 20).ShouldBeFalse();
        var room = publisher.Client.WaitToPublishAsync(Cancel);
        room.IsCompleted.ShouldBeFalse();
        publisher.Published.ShouldBeEmpty();

        line.ReleaseAnswers();
        await room;
        await publisher.UntilPublishedAsync(20);
        publisher.Client.TryPublish(Publication(qos), 20).ShouldBeTrue();
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task What_has_no_acknowledgement_is_sent_again_where_the_session_is_present(MqttQos qos)
    {
        const int Count = 15;
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#"), qos));
        var line = NewLine();
        var publisher = await JoinAsync(Options("pub") with { Broker = line.Through(Device) });
        line.HoldAnswers();
        for (var token = 0; token < Count; token++) await publisher.SendAsync(Topic("d"), token, qos, Cancel);
        var waiting = publisher.PublishAsync(Topic("d"), $"{Count}", Cancel, qos);
        line.TakeDown();
        line.ReleaseAnswers();
        line.PutUp();

        await publisher.UntilPublishedAsync(Count);
        (await waiting).ShouldBeOneOf(MqttReasonCode.Success, MqttReasonCode.NoMatchingSubscribers);
        publisher.Connections.Last().SessionPresent.ShouldBeTrue();
        publisher.Returned.ShouldBeEmpty();
        // In any order: MQTTnet.Server keeps the acknowledgements of the old connection with the session, and sends those first on the new one.
        publisher.Published.Select(published => published.Token).Order().ShouldBe(Enumerable.Range(0, Count).Select(token => (long)token));
        await Eventually.UntilAsync(() => subscriber.Payloads.Distinct().Count() == Count + 1, "every message to arrive");
        if (qos == MqttQos.ExactlyOnce && fixture.KeepsExactlyOnce) subscriber.Payloads.ShouldBe(Tokens(Count + 1));
    }

    [Fact]
    public async Task What_has_no_acknowledgement_is_handed_back_in_order_where_the_session_is_lost()
    {
        const int Count = 30;
        var line = NewLine();
        var publisher = await JoinAsync(Options("pub") with { Broker = line.Through(Device) });
        line.HoldAnswers();
        for (var token = 0; token < Count; token++) await publisher.SendAsync(Topic("d"), token, token % 2 == 0 ? MqttQos.AtLeastOnce : MqttQos.ExactlyOnce, Cancel);
        var waiting = publisher.PublishAsync(Topic("d"), "waiting", Cancel);
        line.TakeDown();
        line.ReleaseAnswers();
        await DiscardSessionAsync("pub");
        line.PutUp();

        await Eventually.UntilAsync(() => publisher.Returned.Count == Count, "all messages to be handed back");
        publisher.Returned.ShouldBe(Enumerable.Range(0, Count).Select(token => (long)token));
        publisher.Story.TakeLast(Count + 1).First().ShouldBe("connected, new session");
        publisher.Published.ShouldBeEmpty();
        await Should.ThrowAsync<MqttSessionLostException>(async () => await waiting);
    }

    [Fact]
    public async Task QoS_2_stays_exactly_once_while_connections_are_cut_in_a_stream()
    {
        const int Cuts = 5;
        var line = NewLine();
        var subscriber = await JoinAsync(Options("sub", new MqttSubscription(Topic("#"), MqttQos.ExactlyOnce)) with { Broker = line.Through(Device) });
        var publisher = await JoinAsync(Options("pub") with { Broker = line.Through(Device), PublishWindow = 100 });
        var count = 0;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var publishing = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested) await publisher.SendAsync(Topic("d"), count++, MqttQos.ExactlyOnce, Cancel);
            },
            Cancel);
        for (var cut = 1; cut <= Cuts; cut++)
        {
            var (acknowledged, received) = (publisher.Published.Count, subscriber.Messages.Count);
            await Eventually.UntilAsync(
                () => publisher.Published.Count > acknowledged + 50 && subscriber.Messages.Count > received + 50, $"the stream to run before cut {cut}");
            line.Cut();
        }

        await enough.CancelAsync();
        await publishing;
        await publisher.UntilPublishedAsync(count);
        publisher.Published.Select(published => published.Token).Order().ShouldBe(Enumerable.Range(0, count).Select(token => (long)token));
        publisher.Returned.ShouldBeEmpty();
        await subscriber.UntilAsync(() => subscriber.Payloads.Distinct().Count() >= count, "every message to arrive");
        if (fixture.KeepsExactlyOnce) subscriber.Messages.Count.ShouldBe(count);
        publisher.Client.Epoch.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_message_that_waits_for_a_connection_is_sent_when_there_is_one()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        var line = NewLine();
        line.TakeDown();
        var publisher = Join(Options("pub") with { Broker = line.Through(Device) });
        publisher.Client.TryPublish(Publication(MqttQos.AtLeastOnce), 1).ShouldBeFalse();
        var waiting = publisher.PublishAsync(Topic("d"), "1", Cancel);
        await Eventually.UntilAsync(() => !publisher.Disconnections.IsEmpty, "the failure to be reported");
        line.PutUp();
        (await waiting).ShouldBe(MqttReasonCode.Success);
        await subscriber.UntilReceivedAsync(1);
    }

    [Fact]
    public async Task A_topic_that_cannot_be_published_to_is_refused_at_once()
    {
        var publisher = await JoinAsync("pub");
        Should.Throw<MqttException>(() => publisher.Client.TryPublish(new MqttPublication { Topic = "a/#" }, 1)).Reason.ShouldBe(MqttReasonCode.TopicNameInvalid);
        await publisher.PublishAsync(Topic("d"), "the connection is none the worse", Cancel);
    }

    private protected MqttPublication Publication(MqttQos qos) => new() { Topic = Topic("d"), Qos = qos };

    private static IEnumerable<string> Tokens(int count) => Enumerable.Range(0, count).Select(token => $"{token}");
}
