using MQTTnet;
using MQTTnet.Protocol;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

// Connections, sessions, subscriptions.
public abstract partial class MqttContract
{
    [Fact]
    public async Task The_owner_hears_what_the_broker_allows()
    {
        var party = await JoinAsync("a");
        var connected = party.Connections.ShouldHaveSingleItem();
        connected.Epoch.ShouldBe(1);
        connected.SessionPresent.ShouldBeFalse();
        connected.ProtocolVersion.ShouldBe(version);
        connected.ClientId.ShouldEndWith("-a");
        connected.KeepAlive.ShouldBe(TimeSpan.FromSeconds(15));
        connected.ConnAck.ReceiveMaximum.ShouldBeGreaterThan((ushort)0);
        connected.ConnAck.MaximumQoS.ShouldBe(MqttQualityOfServiceLevel.ExactlyOnce);
    }

    [Fact]
    public async Task Without_a_version_asked_for_it_is_the_best_that_both_speak()
    {
        var party = await JoinAsync(Options("a") with { ProtocolVersion = MqttProtocolVersion.Automatic });
        party.Connections.Single().ProtocolVersion.ShouldBe(MqttProtocolVersion.V500);
        await party.PublishAsync(Topic("d"), "", Cancel);
    }

    [Fact]
    public async Task A_session_outlives_its_client()
    {
        var first = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await first.StopAsync();
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("d"), "while away", Cancel);

        var second = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await second.UntilReceivedAsync(1);
        second.Connections.Single().SessionPresent.ShouldBeTrue();
        second.Payloads.ShouldBe(["while away"]);
    }

    [Fact]
    public async Task A_clean_start_discards_the_session_and_the_next_connection_keeps_the_new_one()
    {
        var line = NewLine();
        var first = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await first.StopAsync();
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("d"), "discarded", Cancel);

        var second = await JoinAsync(Options("sub", new MqttSubscription(Topic("#"))) with { CleanStart = true, Broker = line.Through(Device) });
        second.Connections.Single().SessionPresent.ShouldBeFalse();
        line.Cut();
        await second.ReadyAsync(epoch: 2);
        second.Connections.Last().SessionPresent.ShouldBeTrue();
        await publisher.PublishAsync(Topic("d"), "new", Cancel);
        await second.UntilReceivedAsync(1);
        second.Payloads.ShouldBe(["new"]);
    }

    [Fact]
    public async Task A_session_that_ends_with_its_connection_is_new_each_time_and_subscribed_again()
    {
        var line = NewLine();
        var party = await JoinAsync(Options("sub", new MqttSubscription(Topic("#"))) with { Broker = line.Through(Device), SessionExpiry = TimeSpan.Zero });
        line.Cut();
        await party.ReadyAsync(epoch: 2);
        party.Connections.ShouldAllBe(connected => !connected.SessionPresent);
        await party.PublishAsync(Topic("d"), "heard", Cancel);
        await party.UntilReceivedAsync(1);
    }

    [Fact]
    public async Task It_subscribes_again_only_where_the_session_is_lost()
    {
        var line = NewLine();
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("kept"), "kept", Cancel, retain: true);
        var subscriber = await JoinAsync(Options("sub", new MqttSubscription(Topic("#"))) with { Broker = line.Through(Device) });
        await subscriber.UntilReceivedAsync(1);
        await subscriber.PublishAsync("contract/elsewhere", "", Cancel); // the broker has the PUBACK then
        line.Cut();
        await subscriber.ReadyAsync(epoch: 2);
        await publisher.PublishAsync(Topic("d"), "live", Cancel);
        await subscriber.UntilReceivedAsync(2);
        subscriber.Payloads.ShouldBe(["kept", "live"]); // another SUBSCRIBE would have brought "kept" again

        line.TakeDown();
        await DiscardSessionAsync("sub");
        line.PutUp();
        await subscriber.ReadyAsync(epoch: 3);
        subscriber.Connections.Select(connected => connected.SessionPresent).ShouldBe([false, true, false]);
        await subscriber.UntilReceivedAsync(3);
        subscriber.Payloads.Last().ShouldBe("kept");
    }

    [Fact]
    public async Task Wildcards_match_as_the_specification_says()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("+/x")), new MqttSubscription(Topic("deep/#")));
        var publisher = await JoinAsync("pub");
        foreach (var topic in (string[])["a/x", "b/x", "a/y", "a/b/x", "deep", "deep/er/still"]) await publisher.PublishAsync(Topic(topic), topic, Cancel);
        await publisher.PublishAsync(Topic("end/x"), "end", Cancel);
        await subscriber.UntilReceivedAsync(5);
        subscriber.Payloads.Order(StringComparer.Ordinal).ShouldBe(["a/x", "b/x", "deep", "deep/er/still", "end"]);
    }

    [Fact]
    public async Task Subscriptions_come_and_go_and_are_remembered()
    {
        Needs(BrokerFeature.SubAckInTheOrderAsked);
        var line = NewLine();
        var subscriber = await JoinAsync(Options("sub", new MqttSubscription(Topic("first"))) with { Broker = line.Through(Device) });
        var publisher = await JoinAsync("pub");
        var more = Enumerable.Range(0, 20).Select(number => new MqttSubscription(Topic($"more/{number}"), (MqttQos)(number % 3))).ToList();
        (await subscriber.Client.SubscribeAsync(more, Cancel)).ShouldBe(more.Select(subscription => (MqttReasonCode)subscription.Qos));
        (await subscriber.Client.UnsubscribeAsync([Topic("first"), Topic("more/0")], Cancel)).Count.ShouldBe(2);
        await TestSubscriptionsAsync();

        line.TakeDown();
        await DiscardSessionAsync("sub");
        line.PutUp();
        await subscriber.ReadyAsync(epoch: 2);
        await TestSubscriptionsAsync();

        async Task TestSubscriptionsAsync()
        {
            subscriber.Messages.Clear();
            foreach (var topic in (string[])["first", "more/0", "more/1", "more/19"]) await publisher.PublishAsync(Topic(topic), topic, Cancel);
            await subscriber.UntilReceivedAsync(2);
            subscriber.Payloads.Order(StringComparer.Ordinal).ShouldBe(["more/1", "more/19"]);
        }
    }

    [Fact]
    public async Task A_filter_that_cannot_be_subscribed_to_is_refused_at_once()
    {
        Should.Throw<ArgumentException>(() => Join(Options("a", new MqttSubscription("a/#/b"))));
        Should.Throw<ArgumentException>(() => Join(Options("a", new MqttSubscription("$share/group/a", NoLocal: true))));
        var party = await JoinAsync("b");
        await Should.ThrowAsync<ArgumentException>(() => party.Client.SubscribeAsync([new MqttSubscription("a+")], Cancel));
        await party.PublishAsync(Topic("d"), "the connection is none the worse", Cancel);
        party.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task The_will_is_published_when_the_connection_breaks_and_not_when_the_client_is_stopped()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        var line = NewLine();
        var will = new MqttApplicationMessageBuilder().WithTopic(Topic("will")).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
        var stopped = await JoinAsync(Options("stopped") with { Will = will.WithPayload("stopped").Build() });
        var broken = await JoinAsync(Options("broken") with { Will = will.WithPayload("broken").Build(), Broker = line.Through(Device) });
        await stopped.StopAsync();
        line.TakeDown();
        await subscriber.UntilReceivedAsync(1);
        await FlushAsync(await JoinAsync("other"));
        subscriber.Messages.Where(message => message.Topic == Topic("will")).Select(message => (message.Payload, message.Qos)).ShouldBe([("broken", MqttQos.AtLeastOnce)]);
    }

    [Theory]
    [InlineData("device")]
    [InlineData("nobody")]
    public async Task A_refused_user_ends_the_client_with_one_clear_line(string user)
    {
        var party = Join(Options("a") with { UserName = user, Password = "wrong-secret" });
        var refused = await Should.ThrowAsync<MqttRefusedException>(party.Run.WaitAsync(Eventually.Timeout, Cancel));
        refused.Reason.ShouldBeOneOf(MqttReasonCode.BadUserNameOrPassword, MqttReasonCode.NotAuthorized);
        refused.Message.ShouldContain($"Broker 127.0.0.1:{Broker.Port} refuses the connection of user '{user}', client id '{_name}-a'");
        refused.Message.ShouldContain("Check user name and password");
        refused.Message.ShouldNotContain("wrong-secret");
        refused.Message.ShouldNotContain("\n");
        party.Disconnections.ShouldHaveSingleItem().Message.ShouldBe(refused.Message);
        await Should.ThrowAsync<MqttException>(async () => await party.Client.WaitToPublishAsync(Cancel));
    }

    [Fact]
    public async Task Two_clients_with_one_identifier_say_so()
    {
        var first = await JoinAsync("same");
        var second = await JoinAsync("same");
        await Eventually.UntilAsync(
            () => Endings().Any(end => end.Reason == MqttReasonCode.SessionTakenOver) || first.Run.IsFaulted || second.Run.IsFaulted,
            "one of them to say that another client uses the identifier");
        Endings().First(end => end.Reason == MqttReasonCode.SessionTakenOver).Message.ShouldContain($"'{_name}-same'");

        IEnumerable<MqttDisconnected> Endings() => first.Disconnections.Concat(second.Disconnections);
    }

    [Fact]
    public async Task A_stopped_client_leaves_no_message_behind_and_takes_no_more()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        var publisher = await JoinAsync("pub");
        for (var token = 0; token < 500; token++) await publisher.SendAsync(Topic("d"), token, MqttQos.AtMostOnce, Cancel);
        await publisher.StopAsync();
        await subscriber.UntilReceivedAsync(500);
        publisher.Client.IsReady.ShouldBeFalse();
        publisher.Client.TryPublish(Publication(MqttQos.AtMostOnce), 0).ShouldBeFalse();
        await Should.ThrowAsync<MqttException>(async () => await publisher.Client.WaitToPublishAsync(Cancel));
        await Should.ThrowAsync<MqttException>(async () => await publisher.PublishAsync(Topic("d"), "", Cancel));
        publisher.Story.ShouldBe(["connected, new session", "disconnected: Stopped."]);
    }

    [Fact]
    public async Task A_session_can_be_ended_with_the_last_word()
    {
        if (version == MqttProtocolVersion.V500) Needs(BrokerFeature.SessionExpiryWithDisconnect);
        var leaving = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await leaving.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, Cancel);
        leaving.Run.IsCompletedSuccessfully.ShouldBeTrue();
        var back = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        back.Connections.First().SessionPresent.ShouldBeFalse();
    }
}
