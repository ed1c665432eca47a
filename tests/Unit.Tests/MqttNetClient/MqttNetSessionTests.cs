using Shouldly;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Tally.MqttNetClient;
using Tally.Unit.Tests.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.MqttNetClient;

/// <summary>What the client on MQTTnet does where a real broker cannot be made to ask for it. Compiled where the package is.</summary>
public sealed class MqttNetSessionTests : IAsyncLifetime
{
    private readonly ScriptedBroker _broker = new();
    private readonly Owner _owner = new();
    private readonly CancellationTokenSource _stop = new();
    private IMqttClient _client = null!;
    private Task _run = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _client = MqttClientChoice.Factory(MqttClientChoice.MqttNet).Create(_broker.Options, _owner);
        _run = _client.RunAsync(_stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _broker.DisposeAsync();
        _stop.Dispose();
    }

    [Theory]
    [InlineData(MqttReasonCode.NoMatchingSubscribers)]
    [InlineData(MqttReasonCode.QuotaExceeded)]
    public async Task A_reason_in_PUBACK_is_not_taken_for_success(MqttReasonCode reason)
    {
        var connection = await _broker.AcceptAndWelcomeAsync(Cancel);
        var publishing = PublishAsync(MqttQos.AtLeastOnce);
        var id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(PacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.Ack(PacketType.PubAck, id, reason), Cancel);
        (await publishing.WaitAsync(ScriptedBroker.Limit, Cancel)).ShouldBe(reason);
    }

    [Fact]
    public async Task PUBCOMP_that_knows_the_packet_identifier_no_more_means_that_the_broker_has_the_message()
    {
        var connection = await _broker.AcceptAndWelcomeAsync(Cancel);
        var publishing = PublishAsync(MqttQos.ExactlyOnce);
        var id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(PacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.Ack(PacketType.PubRec, id), Cancel);
        await connection.ExpectAsync(PacketType.PubRel, Cancel);
        await connection.SendAsync(BrokerPackets.Ack(PacketType.PubComp, id, MqttReasonCode.PacketIdentifierNotFound), Cancel);
        (await publishing.WaitAsync(ScriptedBroker.Limit, Cancel)).ShouldBe(MqttReasonCode.Success);
    }

    [Fact]
    public async Task PUBCOMP_for_a_message_that_waits_for_PUBREC_does_not_complete_it()
    {
        var connection = await _broker.AcceptAndWelcomeAsync(Cancel);
        var publishing = PublishAsync(MqttQos.ExactlyOnce);
        var id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(PacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.Ack(PacketType.PubComp, id), Cancel);
        (await connection.ExpectAsync(PacketType.Disconnect, Cancel))[0].ShouldBe((byte)MqttReasonCode.ProtocolError);
        publishing.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task An_exception_of_its_owner_ends_the_client_whatever_its_kind()
    {
        var connection = await _broker.AcceptAndWelcomeAsync(Cancel);
        _owner.OnPublished = () => throw new InvalidOperationException("the owner's fault");
        while (!_client.TryPublish(new MqttPublication { Topic = "t"u8, Qos = MqttQos.AtLeastOnce }, 1)) await _client.WaitToPublishAsync(Cancel);
        var id = BrokerPackets.PacketIdOf(await connection.ExpectAsync(PacketType.Publish, Cancel));
        await connection.SendAsync(BrokerPackets.PubAck(id), Cancel);
        (await Should.ThrowAsync<InvalidOperationException>(_run.WaitAsync(ScriptedBroker.Limit, Cancel))).Message.ShouldBe("the owner's fault");
    }

    [Fact]
    public async Task To_disconnect_within_a_handler_would_wait_for_that_handler_and_is_refused()
    {
        var refused = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        _owner.OnMessage = () => refused.SetResult(_client.DisconnectAsync(MqttReasonCode.Success, null, Cancel));
        var connection = await _broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish()), Cancel);
        var disconnecting = await refused.Task.WaitAsync(ScriptedBroker.Limit, Cancel);
        (await Should.ThrowAsync<InvalidOperationException>(disconnecting)).Message.ShouldStartWith("DisconnectAsync within a handler");
    }

    [Fact]
    public async Task To_disconnect_without_a_connection_stops_the_client_and_says_that_nobody_heard_it()
    {
        (await Should.ThrowAsync<MqttException>(_client.DisconnectAsync(MqttReasonCode.Success, null, Cancel))).Message.ShouldContain("there was no connection to say it on");
        _run.IsCompletedSuccessfully.ShouldBeTrue();
    }

    private Task<MqttReasonCode> PublishAsync(MqttQos qos) => _client.PublishAsync(new MqttPublication { Topic = "t"u8, Qos = qos }, Cancel).AsTask();

    private sealed class Owner : IMqttHandler
    {
        public Action OnMessage { get; set; } = () => { };

        public Action OnPublished { get; set; } = () => { };

        void IMqttHandler.OnMessage(in MqttMessage message) => OnMessage();

        void IMqttHandler.OnPublished(long token, MqttReasonCode reason) => OnPublished();
    }
}
