using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Both state machines of QoS 2 (4.3.3), and what they keep from one connection to the next (4.4).</summary>
public sealed class ExactlyOnceTests
{
    private static readonly BrokerConnAck SessionPresent = new() { SessionPresent = true };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_published_in_four_steps_and_reported_with_what_PUBREC_said()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await PublishAsync(session, "t", 7);
        var (type, flags, body) = await connection.ReceiveAsync(Cancel);
        (type, flags).ShouldBe((MqttControlPacketType.Publish, (byte)0x04));
        var id = BrokerPackets.PacketIdOf(body);
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubRec, id, MqttReasonCode.NoMatchingSubscribers), Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel)).ShouldBe([(byte)(id >> 8), (byte)id]);
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, id), Cancel);
        (await session.Handler.NextAsync("published", Cancel)).ShouldBe("published 7 NoMatchingSubscribers");
    }

    [Fact]
    public async Task A_failing_PUBREC_is_the_end_of_a_message_and_frees_its_place()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { ReceiveMaximum = 1 });
        var first = session.Client.PublishAsync(new MqttPublication { Topic = "a", Qos = MqttQos.ExactlyOnce }, Cancel);
        var second = session.Client.PublishAsync(new MqttPublication { Topic = "b", Qos = MqttQos.ExactlyOnce }, Cancel);
        var id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubRec, id, MqttReasonCode.QuotaExceeded), Cancel);
        (await first).ShouldBe(MqttReasonCode.QuotaExceeded);
        id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubRec, id), Cancel);
        await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel);
        second.IsCompleted.ShouldBeFalse();
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, id, MqttReasonCode.PacketIdentifierNotFound), Cancel);
        (await second).ShouldBe(MqttReasonCode.Success);
    }

    [Fact]
    public async Task After_reconnecting_each_message_goes_on_where_it_was_in_the_order_of_publishing()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        var ids = new ushort[4];
        for (var token = 0; token < 4; token++)
        {
            await PublishAsync(session, $"t{token}", token, token == 3 ? MqttQos.AtLeastOnce : MqttQos.ExactlyOnce);
            ids[token] = BrokerPackets.PacketIdOf(await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel));
        }

        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubRec, ids[1]), Cancel);
        await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel);
        connection.Close();

        for (var turn = 0; turn < 2; turn++)
        {
            connection = await broker.AcceptAndWelcomeAsync(Cancel, SessionPresent);
            for (var token = 0; token < 4; token++)
            {
                var (type, flags, body) = await connection.ReceiveAsync(Cancel);
                if (token == 1)
                {
                    type.ShouldBe(MqttControlPacketType.PubRel);
                    body.ShouldBe([(byte)(ids[1] >> 8), (byte)ids[1]]);
                    continue;
                }

                (type, flags & 0x08).ShouldBe((MqttControlPacketType.Publish, 0x08));
                BrokerPackets.TopicOf(body).ShouldBe($"t{token}");
                BrokerPackets.PacketIdOf(body).ShouldBe(ids[token]);
            }

            if (turn == 0) connection.Close();
        }

        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, ids[1]), Cancel);
        (await session.Handler.NextAsync("published", Cancel)).ShouldBe("published 1 Success");
    }

    [Fact]
    public async Task What_was_handed_over_is_not_handed_over_again_on_the_next_connection_whoever_acknowledges_when()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        foreach (var id in (ushort[])[1, 2, 3]) await SendAsync(connection, $"m{id}", id);
        await session.Handler.NextAsync("message m3", Cancel);
        var deliveries = session.Handler.Deliveries.ToArray();
        session.Client.Acknowledge(deliveries[0]);
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 1]);
        connection.Close();
        await session.Handler.NextAsync("disconnected", Cancel);

        // One acknowledged before, one while there is no connection, one after the broker sent it again.
        session.Client.Acknowledge(deliveries[1]);
        connection = await broker.AcceptAndWelcomeAsync(Cancel, SessionPresent);
        await session.Handler.NextAsync("connected", Cancel);
        foreach (var id in (ushort[])[1, 2, 3]) await SendAsync(connection, $"m{id}", id, duplicate: true);
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 1]);
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 2]);
        await SendAsync(connection, "m4", 4);
        (await session.Handler.NextAsync("message", Cancel)).ShouldBe("message m4 ");
        session.Client.Acknowledge(deliveries[2]);
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 3]);
        session.Client.Acknowledge(deliveries);
        session.Client.Acknowledge(session.Handler.Deliveries.Last());
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 4]);
    }

    [Fact]
    public async Task A_lost_session_forgets_what_was_received()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await SendAsync(connection, "old", 1);
        await session.Handler.NextAsync("message old", Cancel);
        connection.Close();
        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await SendAsync(connection, "new", 1);
        await session.Handler.NextAsync("message new", Cancel);
        session.Client.Acknowledge([.. session.Handler.Deliveries]);
        (await connection.ExpectAsync(MqttControlPacketType.PubRec, Cancel)).ShouldBe([0, 1]);
        await connection.SendAsync([.. BrokerPackets.Ack(MqttControlPacketType.PubRel, 1), .. BrokerPackets.Ack(MqttControlPacketType.PubRel, 2)], Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.PubComp, Cancel)).ShouldBe([0, 1]);
        (await connection.ExpectAsync(MqttControlPacketType.PubComp, Cancel)).ShouldBe([0, 2, 0x92, 0]);
    }

    [Fact]
    public async Task A_process_that_finds_an_older_session_frees_its_identifiers_before_the_first_message()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { PublishWindow = 3 });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel, SessionPresent);
        await session.Handler.NextAsync("connected", Cancel);

        // What the process before it left behind is answered, and breaks nothing.
        await connection.SendAsync([.. BrokerPackets.PubAck(2), .. BrokerPackets.Ack(MqttControlPacketType.PubRel, 8), .. BrokerPackets.Ack(MqttControlPacketType.PubRec, 7)], Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.PubComp, Cancel)).ShouldBe([0, 8, 0x92, 0]);
        (await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel)).ShouldBe([0, 7, 0x92, 0]);
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, 7, MqttReasonCode.PacketIdentifierNotFound), Cancel);

        await PublishAsync(session, "q1", 1, MqttQos.AtLeastOnce);
        await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        var waiting = session.Client.PublishAsync(new MqttPublication { Topic = "q2", Qos = MqttQos.ExactlyOnce }, Cancel);
        for (byte id = 1; id <= 3; id++) (await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel)).ShouldBe([0, id]);
        session.TryPublish("no", 2).ShouldBeFalse();
        await connection.SendAsync([.. BrokerPackets.Ack(MqttControlPacketType.PubComp, 1, MqttReasonCode.PacketIdentifierNotFound), .. BrokerPackets.Ack(MqttControlPacketType.PubComp, 2)], Cancel);
        connection.Close();

        // It was not over: begun again.
        connection = await broker.AcceptAndWelcomeAsync(Cancel, SessionPresent);
        BrokerPackets.TopicOf(await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel)).ShouldBe("q1");
        for (byte id = 1; id <= 3; id++)
        {
            (await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel)).ShouldBe([0, id]);
            await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, id), Cancel);
        }

        var body = await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        BrokerPackets.TopicOf(body).ShouldBe("q2");
        var packetId = BrokerPackets.PacketIdOf(body);
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubRec, packetId), Cancel);
        await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel);
        await connection.SendAsync(BrokerPackets.Ack(MqttControlPacketType.PubComp, packetId), Cancel);
        (await waiting).ShouldBe(MqttReasonCode.Success);
        session.Client.Epoch.ShouldBe(2);
    }

    private static async Task PublishAsync(ClientSession session, string topic, long token, MqttQos qos = MqttQos.ExactlyOnce)
    {
        while (!session.TryPublish(topic, token, qos: qos)) await session.Client.WaitToPublishAsync(Cancel);
    }

    private static Task SendAsync(ScriptedConnection connection, string topic, ushort packetId, bool duplicate = false) => connection.SendAsync(
        BrokerPackets.Publish(new BrokerPublish { Topic = topic, Qos = MqttQos.ExactlyOnce, PacketId = packetId, Duplicate = duplicate }), Cancel);
}
