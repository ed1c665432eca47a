using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class ClientSessionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_waiter_for_room_can_be_cancelled_and_wait_again()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        using var giveUp = new CancellationTokenSource();
        var room = session.Client.WaitToPublishAsync(giveUp.Token);
        var another = session.Client.WaitToPublishAsync(Cancel);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await room);

        room = session.Client.WaitToPublishAsync(Cancel);
        await broker.AcceptAndWelcomeAsync(Cancel);
        await room;
        await another;
        session.TryPublish("t", 1).ShouldBeTrue();
    }

    [Fact]
    public async Task With_the_session_present_messages_go_out_again_first_in_order_with_DUP_and_their_packet_identifiers()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var sent = new List<ushort>();
        for (var token = 0; token < 5; token++)
        {
            await session.PublishAsync($"t/{token}", token, Cancel);
            sent.Add(BrokerPackets.PacketIdOf(await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel)));
        }

        await connection.SendAsync(BrokerPackets.PubAck(sent[1]), Cancel);
        await session.Handler.NextAsync("published 1", Cancel);
        connection.Close();

        var again = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { SessionPresent = true, ReceiveMaximum = 2 });
        await session.Handler.NextAsync("connected 2 session present", Cancel);
        session.TryPublish("t/new", 9).ShouldBeFalse();
        foreach (var token in new[] { 0, 2, 3, 4 })
        {
            var (type, flags, body) = await again.ReceiveAsync(Cancel);
            type.ShouldBe(MqttControlPacketType.Publish);
            flags.ShouldBe((byte)0x0A);
            BrokerPackets.TopicOf(body).ShouldBe($"t/{token}");
            BrokerPackets.PacketIdOf(body).ShouldBe(sent[token]);
            await again.SendAsync(BrokerPackets.PubAck(sent[token]), Cancel);
            await session.Handler.NextAsync($"published {token}", Cancel);
        }

        await session.PublishAsync("t/new", 9, Cancel);
        var fresh = await again.ReceiveAsync(Cancel);
        fresh.Flags.ShouldBe((byte)0x02);
        BrokerPackets.TopicOf(fresh.Body).ShouldBe("t/new");
    }

    [Fact]
    public async Task A_smaller_receive_maximum_on_the_next_connection_also_holds_for_what_is_sent_again()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { KeepAlive = TimeSpan.FromMilliseconds(400) });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        for (var token = 0; token < 3; token++) await session.PublishAsync("t", token, Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        connection.Close();

        var again = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { SessionPresent = true, ReceiveMaximum = 1 });
        var first = BrokerPackets.PacketIdOf(await again.ExpectAsync(MqttControlPacketType.Publish, Cancel));

        // Nothing but the ping comes while the first is not acknowledged.
        await again.ExpectAsync(MqttControlPacketType.PingReq, Cancel);
        await again.SendAsync(BrokerPackets.PubAck(first), Cancel);
        await again.ExpectAsync(MqttControlPacketType.Publish, Cancel);
    }

    [Fact]
    public async Task A_cancelled_PublishAsync_that_was_not_sent_is_not_sent()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        using var giveUp = new CancellationTokenSource();
        var cancelled = session.Client.PublishAsync(new MqttPublication { Topic = "a", Qos = MqttQos.AtLeastOnce }, giveUp.Token);
        var kept = session.Client.PublishAsync(new MqttPublication { Topic = "b", Qos = MqttQos.AtLeastOnce }, Cancel);
        await giveUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await cancelled);

        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var body = await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        BrokerPackets.TopicOf(body).ShouldBe("b");
        await connection.SendAsync(BrokerPackets.PubAck(BrokerPackets.PacketIdOf(body)), Cancel);
        await kept;
    }

    [Fact]
    public async Task What_the_broker_does_not_take_is_refused_before_it_is_sent()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { MaximumPacketSize = 100, MaximumQos = MqttQos.AtMostOnce, RetainAvailable = false });
        await session.Handler.NextAsync("connected", Cancel);
        await session.Client.WaitToPublishAsync(Cancel);

        Reason(() => session.TryPublish("t", 1, new string('x', 100), MqttQos.AtMostOnce)).ShouldBe(MqttReasonCode.PacketTooLarge);
        Reason(() => session.TryPublish("t", 1)).ShouldBe(MqttReasonCode.QosNotSupported);
        Reason(() => session.Client.TryPublish(new MqttPublication { Topic = "t", Retain = true }, 1)).ShouldBe(MqttReasonCode.RetainNotSupported);
        Reason(() => session.TryPublish("t/+", 1)).ShouldBe(MqttReasonCode.TopicNameInvalid);
        Reason(() => session.TryPublish("", 1)).ShouldBe(MqttReasonCode.TopicNameInvalid);
        Reason(() => session.TryPublish("t", 1, qos: MqttQos.ExactlyOnce)).ShouldBe(MqttReasonCode.QosNotSupported);
        Reason(() => session.TryPublish("t", 1, qos: (MqttQos)3)).ShouldBe(MqttReasonCode.QosNotSupported);
        Reason(() => session.Client.TryPublish(new MqttPublication { Topic = "t", ResponseTopic = "a/#" }, 1)).ShouldBe(MqttReasonCode.TopicNameInvalid);
        Reason(() => session.Client.TryPublish(new MqttPublication { Topic = "t", ContentType = "\0" }, 1)).ShouldBe(MqttReasonCode.MalformedPacket);
        session.TryPublish("t", 1, "", MqttQos.AtMostOnce).ShouldBeTrue();

        static MqttReasonCode Reason(Action publish) => Should.Throw<MqttException>(publish).Reason;
    }

    [Fact]
    public async Task A_message_in_flight_that_the_next_broker_does_not_take_is_reported()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await session.PublishAsync(new string('t', 200), 1, Cancel);
        await session.PublishAsync("t", 2, Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        connection.Close();

        var again = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { SessionPresent = true, MaximumPacketSize = 100 });
        (await session.Handler.NextAsync("published", Cancel)).ShouldBe("published 1 PacketTooLarge");
        BrokerPackets.TopicOf(await again.ExpectAsync(MqttControlPacketType.Publish, Cancel)).ShouldBe("t");
    }

    [Fact]
    public async Task A_refused_subscription_ends_the_client_and_names_the_filter()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { Subscriptions = [new MqttSubscription("mine"), new MqttSubscription("yours/#")] });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var subscribe = await connection.ExpectAsync(MqttControlPacketType.Subscribe, Cancel);
        await connection.SendAsync(BrokerPackets.SubAck((ushort)((subscribe[0] << 8) | subscribe[1]), [1, 0x87]), Cancel);
        var refused = await Should.ThrowAsync<MqttRefusedException>(session.Run);
        refused.Message.ShouldContain("'yours/#'");
        refused.Reason.ShouldBe(MqttReasonCode.NotAuthorized);
        session.Client.IsReady.ShouldBeFalse();
    }

    [Fact]
    public async Task A_broker_over_our_receive_maximum_is_counted_and_logged_once()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ReceiveMaximum = 2 });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        for (ushort id = 1; id <= 5; id++)
            await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = $"t{id}", Qos = MqttQos.AtLeastOnce, PacketId = id }), Cancel);
        await session.Handler.NextAsync("message t5", Cancel);
        session.Client.ReceiveMaximumExceeded.ShouldBe(3);
        session.Log.Lines.Count(line => line.Line.Contains("Receive Maximum of 2", StringComparison.Ordinal)).ShouldBe(1);
        session.Client.IsReady.ShouldBeTrue();
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_broker_that_does_not_read()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { StopTimeout = TimeSpan.FromMilliseconds(200) });
        await broker.AcceptAndWelcomeAsync(Cancel);
        await session.Handler.NextAsync("connected", Cancel);
        var payload = new string('x', 60_000);

        // Until socket and buffer are full.
        var more = true;
        while (more)
        {
            using var full = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            try
            {
                await session.Client.WaitToPublishAsync(full.Token);
                session.TryPublish("t", 0, payload, MqttQos.AtMostOnce);
            }
            catch (OperationCanceledException)
            {
                more = false;
            }
        }

        await session.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Fact]
    public async Task The_reason_also_reaches_a_broker_that_is_still_sending()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await session.Handler.NextAsync("connected", Cancel);
        byte[] wrong = [0x40, 0x02, 0x00, 0x01, .. new byte[500_000]];
        await connection.SendAsync(wrong, Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel)).ShouldBe([0x82, 0x00]);
        await connection.ExpectEndAsync(Cancel);
    }

}
