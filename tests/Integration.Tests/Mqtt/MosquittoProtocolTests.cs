using System.Net;
using System.Net.Sockets;
using System.Text;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;
using MqttProtocolVersion = Tally.Mqtt.MqttProtocolVersion;
using MqttApplicationMessageBuilder = MQTTnet.MqttApplicationMessageBuilder;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>What of the protocol a real broker can show: QoS 2, MQTT 3.1.1, wills, aliases, subscription options, ends of sessions.</summary>
public sealed class MosquittoProtocolTests : IAsyncLifetime
{
    private static readonly MqttSubscription Telemetry = new("telemetry/#", MqttQos.ExactlyOnce);

    private MosquittoServer _broker = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Uri Publisher => _broker.AddressOf("simulator");

    private Uri Subscriber => _broker.AddressOf("ingest");

    public async ValueTask InitializeAsync() => _broker = await MosquittoServer.StartAsync(Cancel, MosquittoServer.ByTheBook);

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    public async Task Connections_cut_in_the_middle_of_a_stream_of_QoS_2_lose_nothing_and_deliver_nothing_twice(MqttProtocolVersion version)
    {
        const int Cuts = 15;
        await using var proxy = new CuttableProxy(_broker.Port);
        await using var subscriber = new Endpoint(Through(proxy, Subscriber, "sub", Telemetry) with { ProtocolVersion = version });
        await using var publisher = new Endpoint(Through(proxy, Publisher, "pub") with { ProtocolVersion = version });
        await subscriber.UntilReadyAsync();
        await publisher.UntilReadyAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var published = 0;
        var publishing = Task.Run(
            async () =>
            {
                while (!enough.IsCancellationRequested) await publisher.PublishAsync("telemetry/d/m", published++, Cancel, MqttQos.ExactlyOnce);
            },
            Cancel);
        for (var cut = 1; cut <= Cuts; cut++)
        {
            await publisher.UntilReadyAsync(epoch: cut);
            await subscriber.UntilReadyAsync(epoch: cut);
            var (acknowledged, received) = (publisher.Published.Count, subscriber.Messages.Count);
            await Eventually.UntilAsync(
                () => publisher.Published.Count > acknowledged + 100 && subscriber.Messages.Count > received + 100, "the stream to run");
            proxy.Cut();
        }

        await enough.CancelAsync();
        await publishing;
        await publisher.UntilPublishedAsync(published);
        await subscriber.UntilReceivedAsync(published);
        var last = publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/d/last", Qos = MqttQos.ExactlyOnce }, Cancel);
        await last;
        await Eventually.UntilAsync(() => subscriber.Messages.Any(message => message.Topic.EndsWith("last", StringComparison.Ordinal)), "the last message to arrive");
        subscriber.Messages.Where(message => message.Payload.Length > 0).Select(message => int.Parse(message.Payload, null))
            .ShouldBe(Enumerable.Range(0, published));
        publisher.Published.Select(one => one.Token).Order().ShouldBe(Enumerable.Range(0, published).Select(token => (long)token));
        publisher.Returned.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_that_an_earlier_process_left_half_published_does_not_swallow_the_next()
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();

        // The process before: its PUBLISH has its PUBREC, and then it is gone.
        using (var tcp = new TcpClient())
        {
            await tcp.ConnectAsync(IPAddress.Loopback, _broker.Port, Cancel);
            var (user, password) = Publisher.UserInfo.Split(':') is [var name, var secret] ? (name, Uri.UnescapeDataString(secret)) : default;
            var encoder = new MqttPacketFormatterAdapter(MQTTnet.Formatter.MqttProtocolVersion.V500, new MqttBufferWriter(256, 256));
            var connect = new MqttConnectPacket { ClientId = "pub", SessionExpiryInterval = 300, Username = user, Password = Encoding.UTF8.GetBytes(password!) };
            await tcp.GetStream().WriteAsync(encoder.Encode(connect).ToArray(), Cancel);
            var publish = new MqttPublishPacket { Topic = "telemetry/d/m", PayloadSegment = "old"u8.ToArray(), QualityOfServiceLevel = MqttQualityOfServiceLevel.ExactlyOnce, PacketIdentifier = 1 };
            await tcp.GetStream().WriteAsync(encoder.Encode(publish).ToArray(), Cancel);
            var answer = new List<byte>();
            var one = new byte[1];
            while (answer is not [.., 0x50, 2, 0, 1])
            {
                await tcp.GetStream().ReadExactlyAsync(one, Cancel);
                answer.Add(one[0]);
            }
        }

        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.UntilReadyAsync();
        publisher.Connections.Single().SessionPresent.ShouldBeTrue();
        for (var token = 0; token < 100; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel, MqttQos.ExactlyOnce);
        await publisher.UntilPublishedAsync(100);
        await subscriber.UntilReceivedAsync(101);
        subscriber.Messages.Select(message => message.Payload).ShouldBe(["old", .. Enumerable.Range(0, 100).Select(token => $"{token}")]);
        publisher.Client.Epoch.ShouldBe(1);
    }

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task In_3_1_1_a_message_arrives_without_properties(MqttQos qos)
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry) with { ProtocolVersion = MqttProtocolVersion.V311 });
        await subscriber.UntilReadyAsync();
        subscriber.Connections.Single().ProtocolVersion.ShouldBe(MqttProtocolVersion.V311);
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub") with { ProtocolVersion = MqttProtocolVersion.V311 });
        (await publisher.Client.PublishAsync(
            new MqttPublication { Topic = "telemetry/d/m", Payload = "23.5"u8.ToArray(), ContentType = "text/plain", ResponseTopic = "acks/x", Qos = qos }, Cancel))
            .ShouldBe(MqttReasonCode.Success);
        await subscriber.UntilReceivedAsync(1);
        var message = subscriber.Messages.Single();
        (message.Topic, message.Payload, message.ContentType, message.ResponseTopic, message.Qos).ShouldBe(("telemetry/d/m", "23.5", "", "", qos));
    }

    [Fact]
    public async Task In_3_1_1_a_session_outlives_its_connection_and_ends_when_told()
    {
        var options = Endpoint.Options(Subscriber, "sub", Telemetry) with { ProtocolVersion = MqttProtocolVersion.V311 };
        await using (var first = new Endpoint(options))
        {
            await first.UntilReadyAsync();
            await first.StopAsync();
        }

        await using (var second = new Endpoint(options))
        {
            await second.UntilReadyAsync();
            second.Connections.Single().SessionPresent.ShouldBeTrue();
            await second.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, Cancel);
        }

        await using var third = new Endpoint(options);
        await third.UntilReadyAsync();
        third.Connections.Single().SessionPresent.ShouldBeFalse();
    }

    [Fact]
    public async Task A_session_ends_when_DISCONNECT_says_so()
    {
        var options = Endpoint.Options(Subscriber, "sub", Telemetry);
        await using (var first = new Endpoint(options))
        {
            await first.UntilReadyAsync();
            await first.Client.DisconnectAsync(MqttReasonCode.Success, TimeSpan.Zero, Cancel);
        }

        await using var second = new Endpoint(options);
        await second.UntilReadyAsync();
        second.Connections.Single().SessionPresent.ShouldBeFalse();
    }

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    public async Task A_will_is_published_when_it_is_asked_for_and_not_when_it_is_not(MqttProtocolVersion version)
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        foreach (var (payload, reason) in ((string, MqttReasonCode)[])[("quiet", MqttReasonCode.Success), ("told", MqttReasonCode.DisconnectWithWill)])
        {
            await using var dying = new Endpoint(Endpoint.Options(Publisher, "dying") with
            {
                ProtocolVersion = version,
                Will = new MqttApplicationMessageBuilder().WithTopic("telemetry/d/will").WithPayload(payload)
                    .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.ExactlyOnce).WithContentType("text/plain").WithResponseTopic("acks/d").WithCorrelationData("c"u8.ToArray())
                    .WithPayloadFormatIndicator(MqttPayloadFormatIndicator.CharacterData).WithMessageExpiryInterval(60).WithUserProperty("a", "b"u8.ToArray()).Build(),
            });
            await dying.UntilReadyAsync();
            await dying.Client.DisconnectAsync(reason, null, Cancel);
        }

        await subscriber.UntilReceivedAsync(1);
        var will = subscriber.Messages.Single();
        (will.Payload, will.Qos).ShouldBe(("told", MqttQos.ExactlyOnce));
        if (version == MqttProtocolVersion.V311) return;
        (will.ContentType, will.ResponseTopic, will.CorrelationData, will.PayloadIsText).ShouldBe(("text/plain", "acks/d", "c", true));
        will.UserProperties.ShouldBe([("a", "b")]);
        will.MessageExpiryInterval.ShouldBeGreaterThan(0u);
    }

    [Fact]
    public async Task Topics_replaced_by_aliases_arrive_whole()
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Subscriber, "sub", Telemetry));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub") with { UseTopicAliases = true });
        await publisher.UntilReadyAsync();
        publisher.Connections.Single().ConnAck.TopicAliasMaximum.ShouldBe((ushort)10);
        for (var token = 0; token < 300; token++) await publisher.PublishAsync($"telemetry/d/m{token % 15}", token, Cancel, (MqttQos)(token % 3));
        await subscriber.UntilReceivedAsync(300);
        subscriber.Messages.ShouldAllBe(message => message.Topic == $"telemetry/d/m{int.Parse(message.Payload, null) % 15}");
        publisher.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task Subscription_options_and_identifiers_do_what_they_say()
    {
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        await publisher.Client.PublishAsync(
            new MqttPublication { Topic = "telemetry/d/m", Payload = "kept"u8.ToArray(), Retain = true, Qos = MqttQos.AtLeastOnce, MessageExpiryInterval = 600, PayloadIsText = true },
            Cancel);
        await using var subscriber = new Endpoint(Endpoint.Options(
            Subscriber, "sub", new MqttSubscription("telemetry/+/m") { Identifier = 7, RetainAsPublished = true, RetainHandling = MqttRetainHandling.DoNotSendOnSubscribe }));
        await subscriber.UntilReadyAsync();
        await publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/d/m", Payload = "new"u8.ToArray(), Retain = true, Qos = MqttQos.AtLeastOnce }, Cancel);
        await subscriber.UntilReceivedAsync(1);
        var message = subscriber.Messages.Single();
        (message.Payload, message.Retain, message.SubscriptionIdentifiers).ShouldBe(("new", true, "7"));

        (await subscriber.Client.SubscribeAsync(
            [.. Enumerable.Range(0, 20).Select(number => new MqttSubscription($"telemetry/{number}/#")), new MqttSubscription("telemetry/d/#") { Identifier = 8 }], Cancel))
            .ShouldAllBe(reason => reason == MqttReasonCode.GrantedQos1);
        await subscriber.UntilReceivedAsync(2);
        (subscriber.Messages.Last().Payload, subscriber.Messages.Last().SubscriptionIdentifiers).ShouldBe(("new", "8"));
        (await subscriber.Client.UnsubscribeAsync(["telemetry/d/#", "telemetry/+/m", "telemetry/unknown"], Cancel))
            .ShouldBe([MqttReasonCode.Success, MqttReasonCode.Success, MqttReasonCode.NoSubscriptionExisted]);
        (await publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/d/m", Qos = MqttQos.AtLeastOnce }, Cancel))
            .ShouldBe(MqttReasonCode.NoMatchingSubscribers);
    }

    [Fact]
    public async Task A_shared_subscription_gives_each_message_to_one_member()
    {
        var shared = new MqttSubscription("$share/group/telemetry/#");
        await using var one = new Endpoint(Endpoint.Options(Subscriber, "one", shared));
        await using var two = new Endpoint(Endpoint.Options(Subscriber, "two", shared));
        await one.UntilReadyAsync();
        await two.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Publisher, "pub"));
        for (var token = 0; token < 200; token++) await publisher.PublishAsync("telemetry/d/m", token, Cancel);
        await Eventually.UntilAsync(() => one.Messages.Count + two.Messages.Count >= 200, "all messages to arrive");
        one.Messages.Concat(two.Messages).Select(message => int.Parse(message.Payload, null)).Order().ShouldBe(Enumerable.Range(0, 200));
        one.Messages.ShouldNotBeEmpty();
        two.Messages.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_client_without_an_identifier_is_told_the_one_it_got()
    {
        await using var client = new Endpoint(Endpoint.Options(Publisher, "") with { SessionExpiry = TimeSpan.Zero });
        await client.UntilReadyAsync();
        client.Connections.Single().ClientId.ShouldNotBeEmpty();
    }

    private static MqttClientOptions Through(CuttableProxy proxy, Uri broker, string clientId, params MqttSubscription[] subscriptions) =>
        Endpoint.Options(new UriBuilder(broker) { Port = proxy.Port }.Uri, clientId, subscriptions) with { TakeoverDelay = TimeSpan.FromMilliseconds(20) };
}
