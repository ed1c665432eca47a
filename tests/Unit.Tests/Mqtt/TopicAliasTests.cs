using System.Text;
using Shouldly;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Topic aliases in both directions (3.3.2.3.4).</summary>
public sealed class TopicAliasTests
{
    private byte[] _scratch = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_message_with_an_alias_has_everything_that_it_was_given() => Generate.ForAll(Generate.Publish, message =>
    {
        var publication = new MqttPublication
        {
            Topic = Encoding.UTF8.GetBytes(message.Topic), Payload = message.Payload, ContentType = Encoding.UTF8.GetBytes(message.ContentType),
            UserProperties = new MqttUserProperties(MqttUserProperties.Encode([.. message.UserProperties])), Qos = message.Qos, Retain = message.Retain,
        };
        var encoder = new PublishEncoder(publication);
        var kept = new byte[encoder.PacketLength];
        encoder.Write(kept, publication, message.PacketId);
        var aliases = new ReceivedTopicAliases(9);
        foreach (var known in (bool[])[false, true])
        {
            var outgoing = new OutgoingBuffer();
            new PublishForm(kept).AppendAliased(outgoing, 9, known);
            outgoing.Count.ShouldBeLessThanOrEqualTo(kept.Length + PublishForm.MostAdded);
            var (header, body) = Decode.Split(outgoing.Take().ToArray());
            var packet = PublishPacket.Decode(header.Flags, body, ref _scratch, aliases: aliases);
            Generate.Show(packet.Topic).ShouldBe(message.Topic);
            packet.Payload.ToArray().ShouldBe(message.Payload);
            packet.PacketId.ShouldBe(message.Qos == MqttQos.AtMostOnce ? (ushort)0 : message.PacketId);
            Generate.Show(packet.ContentType).ShouldBe(message.ContentType);
            packet.UserProperties.Encoded.ToArray().ShouldBe(MqttUserProperties.Encode([.. message.UserProperties]));
        }
    });

    [Fact]
    public void Looking_up_an_alias_allocates_nothing()
    {
        var aliases = new SentTopicAliases(2);
        aliases.TryGet("a"u8, out var alias, out var known).ShouldBeTrue();
        (alias, known).ShouldBe(((ushort)1, false));
        aliases.TryGet("b"u8, out alias, out known).ShouldBeTrue();
        (alias, known).ShouldBe(((ushort)2, false));
        aliases.TryGet("c"u8, out _, out _).ShouldBeFalse();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = 0; turn < 1000; turn++) aliases.TryGet("b"u8, out alias, out known);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        (alias, known).ShouldBe(((ushort)2, true));
    }

    [Fact]
    public async Task A_topic_goes_out_once_in_each_connection_and_what_is_sent_again_has_it_whole()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { UseTopicAliases = true });
        var allows = new ConnAckPacket { TopicAliasMaximum = 1 };
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
        Convert.ToHexString(await connection.ExpectAsync(PacketType.Connect, Cancel)).ShouldContain("220002");
        await connection.SendAsync(BrokerPackets.ConnAck(new ConnAckPacket()), Cancel);
        foreach (var (topic, alias) in ((string, ushort)[])[("first", 1), ("second", 2), ("", 1), ("", 2), ("third", 1), ("", 1)])
            await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = topic, TopicAlias = alias }), Cancel);
        foreach (var topic in (string[])["first", "second", "first", "second", "third", "third"])
            (await session.Handler.NextAsync("message", Cancel)).ShouldBe($"message {topic} ");
        connection.Close();

        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = "", TopicAlias = 1 }), Cancel);
        (await connection.ExpectAsync(PacketType.Disconnect, Cancel)).ShouldBe([0x82, 0x00]);
        connection.Close();

        connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { TopicAlias = 3 }), Cancel);
        (await connection.ExpectAsync(PacketType.Disconnect, Cancel)).ShouldBe([0x94, 0x00]);
    }

    private static async Task<(string Topic, int Alias)> PublishAsync(ClientSession session, ScriptedConnection connection, string topic, MqttQos qos)
    {
        while (!session.TryPublish(topic, 1, "payload", qos)) await session.Client.WaitToPublishAsync(Cancel);
        return Read(await connection.ReceiveAsync(Cancel));
    }

    private static (string Topic, int Alias) Read((PacketType Type, byte Flags, byte[] Body) packet)
    {
        packet.Type.ShouldBe(PacketType.Publish);
        var topic = BrokerPackets.TopicOf(packet.Body);
        var at = 2 + topic.Length + ((packet.Flags & 0x06) == 0 ? 0 : 2);
        return (topic, packet.Body[at] == 0 ? 0 : (packet.Body[at + 2] << 8) | packet.Body[at + 3]);
    }
}
