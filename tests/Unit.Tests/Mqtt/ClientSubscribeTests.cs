using Shouldly;
using Tally.Mqtt;
using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class ClientSubscribeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Eight_filters_go_in_a_packet_and_each_gets_its_reason_code()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var subscribing = session.Client.SubscribeAsync([.. Enumerable.Range(0, 19).Select(number => new MqttSubscription($"t{number}"))], Cancel);
        byte code = 0;
        foreach (var count in (int[])[8, 8, 3])
        {
            var (packetId, filters) = Read(await connection.ExpectAsync(MqttControlPacketType.Subscribe, Cancel));
            filters.Count.ShouldBe(count);
            await connection.SendAsync(BrokerPackets.SubAck(packetId, [.. filters.Select(_ => (byte)(code++ % 2 == 0 ? 1 : 0x87))]), Cancel);
        }

        (await subscribing).ShouldBe(Enumerable.Range(0, 19).Select(number => number % 2 == 0 ? MqttReasonCode.GrantedQos1 : MqttReasonCode.NotAuthorized));
        session.Client.IsReady.ShouldBeTrue();
    }

    [Fact]
    public async Task A_request_that_a_connection_did_not_live_through_is_asked_again()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var early = session.Client.SubscribeAsync([new MqttSubscription("a")], Cancel);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Subscribe, Cancel);
        using var giveUp = new CancellationTokenSource();
        var cancelled = session.Client.SubscribeAsync([new MqttSubscription("never")], giveUp.Token);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(cancelled);
        connection.Close();
        connection = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { SessionPresent = true });
        (await GrantAsync(connection, [1])).ShouldBe([("a", (byte)1)]);
        (await early).ShouldBe([MqttReasonCode.GrantedQos1]);
        var stopped = session.Client.SubscribeAsync([new MqttSubscription("b")], Cancel);
        await session.StopAsync();
        await Should.ThrowAsync<MqttSessionLostException>(stopped);
        await Should.ThrowAsync<MqttSessionLostException>(session.Client.UnsubscribeAsync(["b"], Cancel));
    }

    [Fact]
    public async Task Options_and_identifiers_are_sent_and_filters_with_one_identifier_share_a_packet()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with
        {
            Subscriptions =
            [
                new MqttSubscription("a", MqttQos.ExactlyOnce) { Identifier = 200, RetainAsPublished = true, RetainHandling = MqttRetainHandling.DoNotSendOnSubscribe },
                new MqttSubscription("b", NoLocal: true) { Identifier = 200 },
                new MqttSubscription("$share/g/c"),
            ],
        });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var first = await connection.ExpectAsync(MqttControlPacketType.Subscribe, Cancel);
        Convert.ToHexString(first[2..]).ShouldBe("03" + "0BC801" + "000161" + "2A" + "000162" + "05");
        session.Client.IsReady.ShouldBeFalse();
        await connection.SendAsync(BrokerPackets.SubAck(ushort.MaxValue, [2, 1]), Cancel);
        (await GrantAsync(connection, [1])).ShouldBe([("$share/g/c", (byte)1)]);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish()), Cancel);
        await session.Handler.NextAsync("message", Cancel);
        session.Client.IsReady.ShouldBeTrue();
    }

    [Fact]
    public async Task What_CONNACK_says_the_broker_does_not_do_is_not_asked_for()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck
        {
            WildcardSubscriptionAvailable = false, SharedSubscriptionAvailable = false, SubscriptionIdentifiersAvailable = false, MaximumPacketSize = 60,
        });
        await session.Handler.NextAsync("connected", Cancel);
        var subscribing = session.Client.SubscribeAsync(
            [
                new MqttSubscription("a/#"), new MqttSubscription("$share/g/a"), new MqttSubscription("a") { Identifier = 1 }, new MqttSubscription("fine"),
                new MqttSubscription(new string('x', 70)), new MqttSubscription(new string('y', 40)), new MqttSubscription(new string('z', 40)),
            ],
            Cancel);
        (await GrantAsync(connection, [1])).Single().Filter.ShouldBe("fine");
        (await GrantAsync(connection, [1])).Single().Filter.ShouldStartWith("y");
        (await GrantAsync(connection, [1])).Single().Filter.ShouldStartWith("z");
        (await subscribing).ShouldBe(
        [
            MqttReasonCode.WildcardSubscriptionsNotSupported, MqttReasonCode.SharedSubscriptionsNotSupported, MqttReasonCode.SubscriptionIdentifiersNotSupported,
            MqttReasonCode.GrantedQos1, MqttReasonCode.PacketTooLarge, MqttReasonCode.GrantedQos1, MqttReasonCode.GrantedQos1,
        ]);
    }

    [Fact]
    public async Task A_subscription_to_begin_with_that_the_broker_does_not_do_ends_the_client()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { Subscriptions = [new MqttSubscription("a/#")] });
        await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { WildcardSubscriptionAvailable = false });
        var refused = await Should.ThrowAsync<MqttRefusedException>(session.Run);
        refused.Reason.ShouldBe(MqttReasonCode.WildcardSubscriptionsNotSupported);
        refused.Message.ShouldContain("'a/#'");
    }

    [Fact]
    public async Task A_subscription_that_cannot_be_is_refused_at_once()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        foreach (var (subscription, complaint) in ((MqttSubscription, string)[])
            [
                (new MqttSubscription("a/#/b"), "'a/#/b'"),
                (new MqttSubscription("$share/g/a", NoLocal: true), "NoLocal"),
                (new MqttSubscription("$share/g"), "$share/group/filter"),
                (new MqttSubscription("$share//a"), "$share/group/filter"),
                (new MqttSubscription("$share/+/a"), "$share/group/filter"),
                (new MqttSubscription("a") { Identifier = 0 }, "Identifier"),
                (new MqttSubscription("a") { Identifier = 268_435_456 }, "Identifier"),
                (new MqttSubscription("a", (MqttQos)3), "Qos"),
            ])
        {
            (await Should.ThrowAsync<ArgumentException>(() => session.Client.SubscribeAsync([subscription], Cancel))).Message.ShouldContain(complaint);
        }

        (await session.Client.SubscribeAsync([], Cancel)).ShouldBeEmpty();
    }

    private static async Task<List<(string Filter, byte Options)>> GrantAsync(ScriptedConnection connection, byte[] codes)
    {
        var (packetId, filters) = Read(await connection.ExpectAsync(MqttControlPacketType.Subscribe, Cancel));
        await connection.SendAsync(BrokerPackets.SubAck(packetId, codes), Cancel);
        return filters;
    }

    private static (ushort PacketId, List<(string Filter, byte Options)> Filters) Read(byte[] body)
    {
        var decoder = new MqttPacketFormatterAdapter(MQTTnet.Formatter.MqttProtocolVersion.V500, new MqttBufferWriter(0, 0));
        var packet = (MqttSubscribePacket)decoder.Decode(new ReceivedMqttPacket(0x82, body, body.Length + 2));
        return (packet.PacketIdentifier, [.. packet.TopicFilters.Select(filter => (filter.Topic, (byte)((int)filter.QualityOfServiceLevel | (filter.NoLocal ? 4 : 0))))]);
    }
}
