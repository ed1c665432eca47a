using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>MQTT 3.1.1, and how the client comes to speak it. Sections of that specification are named 3.1.1, n.</summary>
public sealed class Version311Tests
{
    private static readonly byte[] Accepted = [0x20, 0x02, 0x00, 0x00];
    private static readonly byte[] AcceptedWithSession = [0x20, 0x02, 0x01, 0x00];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_QoS_2_no_more_is_sent_at_once_than_any_broker_takes()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V311 });
        var connection = await AcceptAsync(broker, level: 4, Accepted);
        await session.Handler.NextAsync("connected", Cancel);
        await session.Client.WaitToPublishAsync(Cancel);
        var taken = 0;
        while (session.TryPublish("t", taken, qos: MqttQos.ExactlyOnce)) taken++;
        taken.ShouldBe(20);
        var room = session.Client.WaitToPublishAsync(Cancel);
        room.IsCompleted.ShouldBeFalse();
        for (var count = 0; count < taken; count++) await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        await connection.SendAsync([0x50, 2, 0, 1, 0x70, 2, 0, 1], Cancel);
        await room;
        session.TryPublish("t", taken, qos: MqttQos.ExactlyOnce).ShouldBeTrue();
    }

    [Theory]
    [InlineData("2003008400")]
    [InlineData("20020001")]
    public async Task A_broker_that_refuses_the_version_is_spoken_to_in_3_1_1_from_then_on(string refusal)
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var waiting = session.Client.PublishAsync(new MqttPublication { Topic = "t", ContentType = "x", Qos = MqttQos.ExactlyOnce }, Cancel);
        (await AcceptAsync(broker, level: 5, Convert.FromHexString(refusal))).Close();
        (await session.Handler.NextAsync(Cancel)).ShouldContain("does not speak MQTT 5: MQTT 3.1.1 it is");

        // What was given before is sent in the form of that version, and again on the next connection.
        var connection = await AcceptAsync(broker, level: 4, Accepted);
        (await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel)).ShouldBe([0x00, 0x01, 0x74, 0x00, 0x01]);
        connection.Close();
        connection = await AcceptAsync(broker, level: 4, AcceptedWithSession);
        var (type, flags, body) = await connection.ReceiveAsync(Cancel);
        (type, flags).ShouldBe((MqttControlPacketType.Publish, (byte)0x0C));
        body.ShouldBe([0x00, 0x01, 0x74, 0x00, 0x01]);
        await connection.SendAsync([0x50, 0x02, 0x00, 0x01], Cancel);
        await connection.ExpectAsync(MqttControlPacketType.PubRel, Cancel);
        await connection.SendAsync([0x70, 0x02, 0x00, 0x01], Cancel);
        (await waiting).ShouldBe(MqttReasonCode.Success);
    }

    [Fact]
    public async Task What_is_in_flight_in_5_goes_on_in_3_1_1_when_the_broker_was_replaced()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await session.PublishAsync("t", 1, Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        connection.Close();
        (await AcceptAsync(broker, level: 5, [0x20, 0x02, 0x00, 0x01])).Close();
        connection = await AcceptAsync(broker, level: 4, AcceptedWithSession);
        (await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel)).ShouldBe([0x00, 0x01, 0x74, 0x00, 0x01]);
        await connection.SendAsync(BrokerPackets.PubAck(1), Cancel);
        (await session.Handler.NextAsync("published", Cancel)).ShouldBe("published 1 Success");
    }

    [Fact]
    public async Task A_version_asked_for_by_name_is_not_given_up()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V500 });
        await AcceptAsync(broker, level: 5, [0x20, 0x02, 0x00, 0x01]);
        (await Should.ThrowAsync<MqttRefusedException>(session.Run)).Reason.ShouldBe(MqttReasonCode.UnsupportedProtocolVersion);
    }

    [Fact]
    public async Task A_broker_that_closes_5_and_takes_3_1_1_is_spoken_to_in_3_1_1()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        for (var turn = 0; turn < 3; turn++) (await AcceptAsync(broker, level: 5)).Close();
        var asked = await AcceptAsync(broker, level: 4, Accepted);
        await asked.ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        (await AcceptAsync(broker, level: 5)).Close();
        await AcceptAsync(broker, level: 4, Accepted);
        await session.Handler.NextAsync("connected 1", Cancel);
    }

    [Fact]
    public async Task A_proxy_whose_broker_was_away_is_not_taken_for_an_old_broker()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        for (var round = 0; round < 2; round++)
        {
            for (var turn = 0; turn < 3; turn++) (await AcceptAsync(broker, level: 5)).Close();
            (await AcceptAsync(broker, level: 4)).Close();
        }

        // It comes back just when 3.1.1 is asked for: that is not kept either.
        for (var turn = 0; turn < 3; turn++) (await AcceptAsync(broker, level: 5)).Close();
        await (await AcceptAsync(broker, level: 4, Accepted)).ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        await AcceptAsync(broker, level: 5, BrokerPackets.ConnAck(new BrokerConnAck()));
        await session.Handler.NextAsync("connected 1", Cancel);
    }

    [Fact]
    public async Task A_broker_that_has_spoken_5_is_never_asked_for_less_because_it_closes()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        (await broker.AcceptAndWelcomeAsync(Cancel)).Close();
        for (var turn = 0; turn < 5; turn++) (await AcceptAsync(broker, level: 5)).Close();
    }

    [Fact]
    public async Task A_new_session_that_lasts_is_made_by_a_clean_connection_before()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V311, CleanStart = true });
        var cleaning = await broker.AcceptAsync(Cancel);
        ((await cleaning.ExpectAsync(MqttControlPacketType.Connect, Cancel))[7] & 0x02).ShouldBe(0x02);
        await cleaning.SendAsync(Accepted, Cancel);
        await cleaning.ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        for (var turn = 0; turn < 2; turn++)
        {
            var connection = await broker.AcceptAsync(Cancel);
            ((await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel))[7] & 0x02).ShouldBe(0);
            await connection.SendAsync(Accepted, Cancel);
            await session.Handler.NextAsync($"connected {turn + 1}", Cancel);
            connection.Close();
        }
    }

    [Fact]
    public async Task Ending_the_session_takes_a_clean_connection()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V311 });
        var connection = await AcceptAsync(broker, level: 4, Accepted);
        await session.Handler.NextAsync("connected 1", Cancel);
        var ended = session.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        connection.Close();
        var clean = await broker.AcceptAsync(Cancel);
        ((await clean.ExpectAsync(MqttControlPacketType.Connect, Cancel))[7] & 0x02).ShouldBe(0x02);
        await clean.SendAsync(Accepted, Cancel);
        await clean.ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        await ended;
        await session.Run;
    }

    [Fact]
    public async Task What_3_1_1_cannot_say_ends_the_client_with_a_clear_line()
    {
        await using var broker = new ScriptedBroker();
        var options = broker.Options with { Broker = new Uri($"mqtt://127.0.0.1:{broker.Port}"), ProtocolVersion = MqttProtocolVersion.V311 };
        await using var withoutUser = new ClientSession(options with { Password = "secret" });
        var refused = await Should.ThrowAsync<MqttRefusedException>(withoutUser.Run);
        refused.Message.ShouldContain("a password needs a user name");
        refused.Message.ShouldNotContain("secret");
        await using var withoutId = new ClientSession(options with { ClientId = "" });
        (await Should.ThrowAsync<MqttRefusedException>(withoutId.Run)).Message.ShouldContain("needs a client id");
    }

    [Theory]
    [InlineData(2, MqttReasonCode.ClientIdentifierNotValid)]
    [InlineData(4, MqttReasonCode.BadUserNameOrPassword)]
    [InlineData(5, MqttReasonCode.NotAuthorized)]
    public async Task A_return_code_is_told_as_the_reason_code_that_means_the_same(byte code, MqttReasonCode reason)
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { ProtocolVersion = MqttProtocolVersion.V311 });
        await AcceptAsync(broker, level: 4, [0x20, 0x02, 0x00, code]);
        (await Should.ThrowAsync<MqttRefusedException>(session.Run)).Reason.ShouldBe(reason);
    }

    private static async Task<ScriptedConnection> AcceptAsync(ScriptedBroker broker, byte level, byte[]? answer = null)
    {
        var connection = await broker.AcceptAsync(Cancel);
        (await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel))[6].ShouldBe(level);
        if (answer is not null) await connection.SendAsync(answer, Cancel);
        return connection;
    }
}
