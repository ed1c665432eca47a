using Shouldly;
using Tally.Mqtt;
using MQTTnet.Protocol;
using Tally.ServiceDefaults.Telemetry;
using Xunit;
using MqttApplicationMessageBuilder = MQTTnet.MqttApplicationMessageBuilder;

namespace Tally.Unit.Tests.Mqtt;

public sealed class ClientDisconnectTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task DISCONNECT_carries_reason_and_session_expiry_behind_what_is_buffered()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { StopTimeout = TimeSpan.FromSeconds(20) });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await session.PublishAsync("t", 1, Cancel);
        var disconnecting = session.Client.DisconnectAsync(MqttReasonCode.DisconnectWithWill, TimeSpan.FromSeconds(7), Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Publish, Cancel);
        Convert.ToHexString(await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel)).ShouldBe("04" + "05" + "1100000007");
        connection.Close();
        await disconnecting;
        await session.Run;
        await Should.ThrowAsync<MqttSessionLostException>(session.Client.DisconnectAsync(MqttReasonCode.Success, null, Cancel));
    }

    [Fact]
    public async Task What_a_client_may_not_say_is_refused()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { SessionExpiry = TimeSpan.Zero });
        await Should.ThrowAsync<ArgumentException>(session.Client.DisconnectAsync(MqttReasonCode.SessionTakenOver, null, Cancel));
        await Should.ThrowAsync<ArgumentException>(session.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.FromSeconds(-1), Cancel));
        (await Should.ThrowAsync<ArgumentException>(session.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.FromHours(1), Cancel)))
            .Message.ShouldContain("3.14.2.2.2");
        await broker.AcceptAndWelcomeAsync(Cancel);
    }

    [Fact]
    public async Task Without_a_connection_the_client_stops_and_says_that_nobody_was_told()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options);
        var connection = await broker.AcceptAsync(Cancel);
        await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel);
        (await Should.ThrowAsync<MqttException>(session.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, Cancel)))
            .Message.ShouldContain("there was no connection");
        await session.Run;
    }

    [Fact]
    public async Task Waiting_for_itself_within_a_handler_is_refused()
    {
        await using var broker = new ScriptedBroker();
        var handler = new RecordingHandler();
        await using var session = new ClientSession(broker.Options, handler);
        var tried = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        handler.Message = () =>
        {
            var disposing = session.Client.DisposeAsync().AsTask();
            tried.SetResult(disposing.Exception?.InnerException);
        };
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish()), Cancel);
        (await tried.Task.WaitAsync(ScriptedBroker.Limit, Cancel)).ShouldBeOfType<InvalidOperationException>().Message.ShouldContain("within a handler");
        session.Client.IsReady.ShouldBeTrue();
    }

    [Fact]
    public async Task CONNECT_carries_the_will_and_all_properties()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with
        {
            WillDelay = TimeSpan.FromSeconds(3),
            Will = new MqttApplicationMessageBuilder().WithTopic("w").WithPayload("bye").WithQualityOfServiceLevel(MqttQualityOfServiceLevel.ExactlyOnce).WithRetainFlag()
                .WithMessageExpiryInterval(4).WithContentType("c").WithResponseTopic("r").WithCorrelationData("d"u8.ToArray())
                .WithPayloadFormatIndicator(MqttPayloadFormatIndicator.CharacterData).WithUserProperty("wk", "wv"u8.ToArray()).Build(),
        });
        var connection = await broker.AcceptAsync(Cancel);
        var hex = Convert.ToHexString(await connection.ExpectAsync(MqttControlPacketType.Connect, Cancel));
        foreach (var part in (string[])["1800000003", "0101", "0200000004", "03000163", "08000172", "09000164", "260002776B00027776", "000177" + "0003627965"])
            hex.ShouldContain(part);
        Convert.FromHexString(hex)[7].ShouldBe((byte)0xF4);
    }

    [Fact]
    public async Task All_that_CONNACK_says_is_told()
    {
        await using var broker = new ScriptedBroker();
        var told = new TaskCompletionSource<MqttConnected>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = new MqttClient(broker.Options with { ClientId = "" }, new ConnectedHandler(told), null);
        var run = client.RunAsync(Cancel);
        await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck
        {
            AssignedClientIdentifier = "auto", ServerKeepAlive = 9, SessionExpiryInterval = 8, MaximumQos = MqttQos.AtLeastOnce, RetainAvailable = false,
            MaximumPacketSize = 1000, TopicAliasMaximum = 5, WildcardSubscriptionAvailable = false, SubscriptionIdentifiersAvailable = false,
            SharedSubscriptionAvailable = false, ResponseInformation = "resp", ReasonString = "hello", UserProperties = [MqttTraceContext.Property("a", "b")],
        });
        var connected = await told.Task.WaitAsync(ScriptedBroker.Limit, Cancel);
        connected.ShouldBe(new MqttConnected(1, connected.ConnAck)
        {
            ProtocolVersion = MqttProtocolVersion.V500, ClientId = "auto", KeepAlive = TimeSpan.FromSeconds(9),
        });
        (connected.ConnAck.ReceiveMaximum, connected.ConnAck.MaximumPacketSize, connected.ConnAck.ResponseInformation).ShouldBe(((ushort)65_535, 1000u, "resp"));
        await client.DisposeAsync();
        await run;
    }

    private sealed class ConnectedHandler(TaskCompletionSource<MqttConnected> told) : IMqttHandler
    {
        public void OnConnected(in MqttConnected connected) => told.TrySetResult(connected);
    }
}
