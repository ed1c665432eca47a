using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt;

/// <summary>The broker or the network fails in the middle of a stream: nothing missing, and at QoS 2 nothing twice.</summary>
public sealed class FaultTests : IAsyncLifetime
{
    private MosquittoServer _broker = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _broker = await MosquittoServer.StartAsync(Cancel, MosquittoServer.ByTheBook);

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public Task Thirty_forced_disconnects_lose_nothing(MqttQos qos) => CutAsync(qos, cuts: 30);

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public Task A_thousand_forced_disconnects_lose_nothing(MqttQos qos) => CutAsync(qos, cuts: 1_000);

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_broker_restart_in_the_middle_of_a_stream_loses_nothing(MqttQos qos)
    {
        await using var stream = Start(qos, _broker.Port, options => options);
        for (var restart = 1; restart <= 2; restart++)
        {
            await stream.UntilRunningAsync(restart, messages: 1_000);
            await _broker.StopAsync();
            await _broker.StartAgainAsync(Cancel);
        }

        await stream.UntilRunningAsync(epoch: 3, messages: 1_000);
        await stream.CheckAsync();
        stream.KeptItsSession.ShouldBeTrue();
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public Task A_broker_that_stands_still_for_some_seconds_loses_nothing(MqttQos qos) => StandStillAsync(
        qos,
        TimeSpan.FromSeconds(5),
        options => options with { KeepAlive = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(1) });

    [Theory]
    [Trait("Category", "Long")]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public Task A_broker_that_stands_still_for_a_minute_loses_nothing(MqttQos qos) => StandStillAsync(qos, TimeSpan.FromMinutes(1), options => options);

    private async Task CutAsync(MqttQos qos, int cuts)
    {
        await using var proxy = new CuttableProxy(_broker.Port);
        await using var stream = Start(qos, proxy.Port, options => options);
        for (var cut = 1; cut <= cuts; cut++)
        {
            await stream.UntilRunningAsync(epoch: cut, messages: 100);
            proxy.Cut();
        }

        (await stream.CheckAsync()).ShouldBeGreaterThan(cuts * 100);
        stream.Publisher.Epoch.ShouldBeGreaterThanOrEqualTo(cuts);
        stream.Subscriber.Epoch.ShouldBeGreaterThanOrEqualTo(cuts);
        stream.KeptItsSession.ShouldBeTrue();
    }

    private async Task StandStillAsync(MqttQos qos, TimeSpan time, Func<MqttClientOptions, MqttClientOptions> adjust)
    {
        await using var stream = Start(qos, _broker.Port, adjust);
        await stream.UntilRunningAsync(epoch: 1, messages: 1_000);
        _broker.Pause();

        // The time itself is the fault: longer than the keep-alive and than an attempt to connect.
        await Task.Delay(time, Cancel);
        stream.Publisher.IsReady.ShouldBeFalse();
        stream.Subscriber.IsReady.ShouldBeFalse();
        _broker.Resume();
        await stream.UntilRunningAsync(epoch: 2, messages: 1_000);
        await stream.CheckAsync();
        stream.KeptItsSession.ShouldBeTrue();
    }

    private FaultStream Start(MqttQos qos, int port, Func<MqttClientOptions, MqttClientOptions> adjust)
    {
        MqttClientOptions Options(string user, string clientId) => adjust(Endpoint.Options(
            new UriBuilder(_broker.AddressOf(user)) { Port = port }.Uri, clientId) with { TakeoverDelay = TimeSpan.FromMilliseconds(20) });
        return new FaultStream(new MqttClientFactory(), Options("simulator", "pub"), Options("ingest", "sub"), qos, Cancel);
    }
}
