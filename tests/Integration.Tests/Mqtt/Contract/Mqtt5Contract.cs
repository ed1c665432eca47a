using MQTTnet;
using MQTTnet.Protocol;
using Shouldly;
using Tally.Mqtt;
using Tally.ServiceDefaults.Telemetry;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>What MQTT 5 has beyond 3.1.1.</summary>
public abstract class Mqtt5Contract(BrokerFixture fixture, IMqttClientFactory clients) : MqttContract(fixture, clients, MqttProtocolVersion.V500)
{
    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_message_arrives_with_all_its_properties(MqttQos qos)
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#"), MqttQos.ExactlyOnce) { Identifier = 268_435_455 });
        var publisher = await JoinAsync("pub");
        await publisher.Client.PublishAsync(
            new MqttPublication
            {
                Topic = Topic("d"),
                Payload = "23.5°C"u8.ToArray(),
                ContentType = "text/plain",
                ResponseTopic = "acks/pub",
                CorrelationData = "c-1"u8.ToArray(),
                UserProperties = [MqttTraceContext.Property("a", "1"), MqttTraceContext.Property("a", "2"), MqttTraceContext.Property("ü", "")],
                PayloadIsText = true,
                MessageExpiryInterval = 1000,
                Qos = qos,
            },
            Cancel);
        await subscriber.UntilReceivedAsync(1);
        var message = subscriber.Messages.Single();
        message.ContentType.ShouldBe("text/plain");
        message.ResponseTopic.ShouldBe("acks/pub");
        message.CorrelationData.ShouldBe("c-1");
        message.UserProperties.ShouldBe([("a", "1"), ("a", "2"), ("ü", "")]);
        message.PayloadIsText.ShouldBeTrue();
        message.MessageExpiryInterval.ShouldBeInRange(990u, 1000u);
        message.SubscriptionIdentifiers.ShouldBe([268_435_455u]);
    }

    [Fact]
    public async Task A_message_without_properties_arrives_without_them()
    {
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        await (await JoinAsync("pub")).PublishAsync(Topic("d"), "", Cancel);
        await subscriber.UntilReceivedAsync(1);
        var message = subscriber.Messages.Single();
        (message.ContentType + message.ResponseTopic + message.CorrelationData).ShouldBeEmpty();
        message.UserProperties.ShouldBeEmpty();
        message.PayloadIsText.ShouldBeFalse();
        message.MessageExpiryInterval.ShouldBe(0u);
        message.SubscriptionIdentifiers.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task What_the_broker_says_of_a_message_is_not_taken_for_success(MqttQos qos)
    {
        var publisher = await JoinAsync("pub");

        // Mosquitto says so with PUBACK only.
        if (qos == MqttQos.AtLeastOnce) (await publisher.PublishAsync(Topic("nobody"), "", Cancel, qos)).ShouldBe(MqttReasonCode.NoMatchingSubscribers);
        (await publisher.PublishAsync("stored/forbidden", "", Cancel, qos)).ShouldBe(MqttReasonCode.NotAuthorized);
        publisher.Client.TryPublish(new MqttPublication { Topic = "stored/forbidden", Qos = qos }, 7).ShouldBeTrue();
        await publisher.UntilPublishedAsync(1);
        publisher.Published.Single().ShouldBe((7, MqttReasonCode.NotAuthorized));
        publisher.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task The_broker_bounds_the_window_and_the_size_of_a_message()
    {
        Needs(BrokerFeature.ReceiveMaximumOfItsOwn);
        var line = NewLine();
        var publisher = await JoinAsync(Options("pub") with { Broker = line.Through(Device) });
        var connected = publisher.Connections.Single();
        connected.ConnAck.ReceiveMaximum.ShouldBe((ushort)2000);
        connected.ConnAck.MaximumPacketSize.ShouldBe(1_000_000u);
        Should.Throw<MqttException>(() => publisher.Client.TryPublish(new MqttPublication { Topic = "contract/x", Payload = new byte[1_000_000] }, 1))
            .Reason.ShouldBe(MqttReasonCode.PacketTooLarge);

        line.HoldAnswers();
        var taken = 0;
        while (taken < 10_000 && publisher.Client.TryPublish(Publication(MqttQos.AtLeastOnce), taken)) taken++;
        await Eventually.UntilAsync(
            () =>
            {
                while (taken < 10_000 && publisher.Client.TryPublish(Publication(MqttQos.AtLeastOnce), taken)) taken++;
                return taken >= 2000;
            },
            "the window to fill");
        taken.ShouldBe(2000);
        line.ReleaseAnswers();
        await publisher.UntilPublishedAsync(2000);
    }

    [Fact]
    public async Task An_empty_client_identifier_gets_one_from_the_broker_and_keeps_it()
    {
        Needs(BrokerFeature.AssignedClientIdentifier);
        var line = NewLine();
        var party = await JoinAsync(Options("") with { ClientId = "", Broker = line.Through(Device) });
        line.Cut();
        await party.ReadyAsync(epoch: 2);
        var ids = party.Connections.Select(connected => connected.ClientId).ToList();
        ids[0].ShouldNotBeEmpty();
        ids[1].ShouldBe(ids[0]);
        party.Connections.Last().SessionPresent.ShouldBeTrue();
    }

    [Fact]
    public async Task Of_those_that_share_a_subscription_one_gets_each_message()
    {
        Needs(BrokerFeature.SharedSubscriptions);
        const int Count = 100;
        var shared = new MqttSubscription($"$share/group/{Topic("#")}");
        Party[] parties = [await JoinAsync("one", shared), await JoinAsync("two", shared)];
        var publisher = await JoinAsync("pub");
        for (var token = 0; token < Count; token++) await publisher.SendAsync(Topic("d"), token, MqttQos.AtLeastOnce, Cancel);
        await Eventually.UntilAsync(() => parties.Sum(party => party.Messages.Count) == Count, "every message to arrive at one of them");
        parties.SelectMany(party => party.Payloads).Distinct().Count().ShouldBe(Count);
        parties.ShouldAllBe(party => !party.Messages.IsEmpty);
    }

    [Fact]
    public async Task The_options_of_a_subscription_are_asked_for()
    {
        var publisher = await JoinAsync("pub");
        await publisher.PublishAsync(Topic("kept"), "kept", Cancel, retain: true);
        var party = await JoinAsync(
            "sub",
            new MqttSubscription(Topic("+"), NoLocal: true) { RetainHandling = MqttRetainHandling.DoNotSendOnSubscribe, RetainAsPublished = true, Identifier = 7 },
            new MqttSubscription(Topic("other/+")) { Identifier = 8 });
        await party.PublishAsync(Topic("own"), "own", Cancel);
        await publisher.PublishAsync(Topic("kept"), "live", Cancel, retain: true);
        await party.PublishAsync(Topic("other/own"), "other", Cancel);
        await party.UntilReceivedAsync(2);
        party.Messages.Select(message => (message.Payload, message.Retain, message.SubscriptionIdentifiers.Single())).ShouldBe([("live", true, 7u), ("other", false, 8u)]);
    }

    [Fact]
    public async Task The_will_carries_its_properties_and_goes_out_with_a_disconnect_that_asks_for_it()
    {
        Needs(BrokerFeature.WillWithDisconnect);
        var subscriber = await JoinAsync("sub", new MqttSubscription(Topic("#")));
        var party = await JoinAsync(Options("a") with
        {
            Will = new MqttApplicationMessageBuilder().WithTopic(Topic("will")).WithPayload("last words")
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).WithContentType("text/plain").WithResponseTopic("acks/a").WithCorrelationData("c"u8.ToArray())
                .WithPayloadFormatIndicator(MqttPayloadFormatIndicator.CharacterData).WithMessageExpiryInterval(1000).WithUserProperty("why", "asked"u8.ToArray()).Build(),
        });
        await party.Client.DisconnectAsync(MqttReasonCode.DisconnectWithWill, null, Cancel);
        await subscriber.UntilReceivedAsync(1);
        var will = subscriber.Messages.Single();
        will.Payload.ShouldBe("last words");
        (will.ContentType, will.ResponseTopic, will.CorrelationData, will.PayloadIsText).ShouldBe(("text/plain", "acks/a", "c", true));
        will.UserProperties.ShouldBe([("why", "asked")]);
        will.MessageExpiryInterval.ShouldBeInRange(990u, 1000u);
    }
}
