using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Topic aliases in both directions (3.3.2.3.4).</summary>
public sealed class TopicAliasTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_topic_goes_out_once_in_each_connection_and_what_is_sent_again_has_it_whole()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { UseTopicAliases = true });
        var allows = new BrokerConnAck { TopicAliasMaximum = 1 };
        var connection = await broker.AcceptAndWelcomeAsync(Cancel, allows);
        (await PublishAsync(session, connection, "a", MqttQos.AtMostOnce)).ShouldBe(("a", 1));
        (await PublishAsync(session, connection, "a", MqttQos.AtLeastOnce)).ShouldBe(("", 1));
        (await PublishAsync(session, connection, "b", MqttQos.AtLeastOnce)).ShouldBe(("b", 0));
        connection.Close();

        connection = await broker.AcceptAndWelcomeAsync(Cancel, allows with { SessionPresent = true });
        Read(await connection.ReceiveAsync(Cancel)).ShouldBe(("a", 0));
        Read(await connection.ReceiveAsync(Cancel)).ShouldBe(("b", 0));
        (await PublishAsync(session, connection, "b", MqttQos.AtLeastOnce)).ShouldBe(("b", 1));
        (await PublishAsync(session, connection, "b", MqttQos.AtMostOnce)).ShouldBe(("", 1));
        connection.Close();

        // A broker that allows none is sent none.
        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        (await PublishAsync(session, connection, "b", MqttQos.AtMostOnce)).ShouldBe(("b", 0));
    }

    [Fact]
    public async Task Aliases_of_the_broker_hold_for_their_connection()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { TopicAliasMaximum = 2 });
        var connection = await broker.AcceptAsync(Cancel);
        Convert.ToHexString(await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel)).ShouldContain("220002");
        await connection.SendAsync(BrokerPackets.ConnAck(new BrokerConnAck()), Cancel);
        foreach (var (topic, alias) in ((string, ushort)[])[("first", 1), ("second", 2), ("", 1), ("", 2), ("third", 1), ("", 1)])
            await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = topic, TopicAlias = alias }), Cancel);
        foreach (var topic in (string[])["first", "second", "first", "second", "third", "third"])
            (await session.Handler.NextAsync("message", Cancel)).ShouldBe($"message {topic} ");
        connection.Close();

        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = "", TopicAlias = 1 }), Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel)).ShouldBe([0x82, 0x00]);
        connection.Close();

        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { TopicAlias = 3 }), Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel)).ShouldBe([0x94, 0x00]);
    }

    private static async Task<(string Topic, int Alias)> PublishAsync(ClientSession session, ScriptedConnection connection, string topic, MqttQos qos)
    {
        while (!session.TryPublish(topic, 1, "payload", qos)) await session.Client.WaitToPublishAsync(Cancel);
        return Read(await connection.ReceiveAsync(Cancel));
    }

    private static (string Topic, int Alias) Read((MqttControlPacketType Type, byte Flags, byte[] Body) packet)
    {
        packet.Type.ShouldBe(MqttControlPacketType.Publish);
        var topic = BrokerPackets.TopicOf(packet.Body);
        var at = 2 + topic.Length + ((packet.Flags & 0x06) == 0 ? 0 : 2);
        return (topic, packet.Body[at] == 0 ? 0 : (packet.Body[at + 2] << 8) | packet.Body[at + 3]);
    }
}
