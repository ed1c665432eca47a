using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt;

public sealed class WebSocketTests(SecureBrokerFixture fixture) : IClassFixture<SecureBrokerFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private SecureBroker Broker => fixture.Broker;

    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task A_stream_through_a_WebSocket_arrives_complete_and_in_order(string scheme) =>
        await Traffic.StreamAsync(Broker.AddressOf("simulator", scheme), Broker.AddressOf("ingest", scheme), Broker.TrustFor(scheme), $"telemetry/{scheme}/m", Cancel);

    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task WebSockets_that_are_cut_lose_nothing(string scheme)
    {
        await using var proxy = new CuttableProxy(Broker.PortOf(scheme));
        await Traffic.StreamThroughCutsAsync(
            proxy, Broker.AddressOf("simulator", scheme, proxy.Port), Broker.AddressOf("ingest", scheme, proxy.Port), Broker.TrustFor(scheme), $"telemetry/{scheme}-cut/m", Cancel);
    }

    [Fact]
    public async Task A_message_larger_than_a_frame_of_either_side_arrives_whole()
    {
        await using var subscriber = new Endpoint(Endpoint.Options(Broker.AddressOf("ingest", "ws"), "ws-large-sub", new MqttSubscription("telemetry/large/m")));
        await subscriber.UntilReadyAsync();
        await using var publisher = new Endpoint(Endpoint.Options(Broker.AddressOf("simulator", "ws"), "ws-large-pub"));
        var payload = new byte[70_000];
        new Random(1).NextBytes(payload);
        foreach (ref var one in payload.AsSpan()) one = (byte)('a' + (one % 26));
        (await publisher.Client.PublishAsync(new MqttPublication { Topic = "telemetry/large/m", Payload = payload, Qos = MqttQos.AtLeastOnce }, Cancel))
            .ShouldBe(MqttReasonCode.Success);
        await subscriber.UntilReceivedAsync(1);
        subscriber.Messages.Single().Payload.ShouldBe(System.Text.Encoding.UTF8.GetString(payload));
    }

    [Theory]
    [InlineData("ws", "mqtt", "Else write mqtt://")]
    [InlineData("ws", "mqtts", "if it is one for TLS, wss://")]
    [InlineData("ws", "wss", "wss://")]
    [InlineData("mqtt", "ws", "write ws:// or wss://")]
    [InlineData("wss", "ws", "Else write ws://")]
    [InlineData("wss", "mqtts", "Else write mqtts://")]
    public async Task A_scheme_that_is_not_that_of_the_port_says_which_to_write(string written, string spoken, string said)
    {
        await using var client = new Endpoint(
            Endpoint.Options(Broker.AddressOf("simulator", written, Broker.PortOf(spoken)), $"wrong-{Guid.NewGuid()}") with { Tls = Broker.TrustFor(written) });
        await Eventually.UntilAsync(() => !client.Disconnections.IsEmpty, "the failure to be told");
        client.Disconnections.First().Message.ShouldContain(said);
    }
}
