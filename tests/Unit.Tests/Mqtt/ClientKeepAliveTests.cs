using Shouldly;
using Tally.Mqtt.Connections;
using MQTTnet.Protocol;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class ClientKeepAliveTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_quiet_connection_is_kept_alive_by_pings()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { KeepAlive = Short });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        for (var turn = 0; turn < 4; turn++)
        {
            await connection.ExpectAsync(MqttControlPacketType.PingReq, Cancel);
            await connection.SendAsync(BrokerPackets.PingResp, Cancel);
        }

        session.Client.IsReady.ShouldBeTrue();
        session.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task The_brokers_keep_alive_wins_over_ours()
    {
        await using var broker = new ScriptedBroker();
        await using var session = new ClientSession(broker.Options with { KeepAlive = TimeSpan.FromHours(1) });
        var connection = await broker.AcceptAndWelcomeAsync(Cancel, new BrokerConnAck { ServerKeepAlive = 1 });
        await connection.ExpectAsync(MqttControlPacketType.PingReq, Cancel);
    }

    [Fact]
    public async Task An_owner_that_holds_the_broker_back_still_pings_and_is_not_blamed_on_the_broker()
    {
        await using var broker = new ScriptedBroker();
        var released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new RecordingHandler { ReadCompleted = cancel => new ValueTask(released.Task.WaitAsync(cancel)) };
        await using var session = new ClientSession(broker.Options with { KeepAlive = Short }, handler);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = "one" }), Cancel);
        await handler.NextAsync("message one", Cancel);

        // None of these is answered, for far longer than the keep-alive.
        for (var turn = 0; turn < 6; turn++) await connection.ExpectAsync(MqttControlPacketType.PingReq, Cancel);
        session.Client.Epoch.ShouldBe(1);
        session.Client.IsReady.ShouldBeTrue();

        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish { Topic = "two" }), Cancel);
        released.SetResult();
        (await handler.NextAsync(Cancel)).ShouldStartWith("message two");
        session.Client.Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task An_owner_that_holds_the_broker_back_is_woken_when_the_client_stops()
    {
        await using var broker = new ScriptedBroker();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new RecordingHandler
        {
            ReadCompleted = cancel =>
            {
                held.TrySetResult();
                return new ValueTask(Task.Delay(Timeout.Infinite, cancel));
            },
        };
        await using var session = new ClientSession(broker.Options with { StopTimeout = TimeSpan.FromSeconds(20) }, handler);
        var connection = await broker.AcceptAndWelcomeAsync(Cancel);
        await connection.SendAsync(BrokerPackets.Publish(new BrokerPublish()), Cancel);
        await held.Task.WaitAsync(Cancel);
        var run = session.StopAsync();
        await connection.ExpectAsync(MqttControlPacketType.Disconnect, Cancel);
        connection.Close();
        await run;
    }

    [Fact]
    public void A_ping_is_due_before_the_keep_alive_is_over_in_either_direction()
    {
        SilenceWatch Watch() => new(TimeSpan.FromMilliseconds(1000), 0);
        Watch().Look(400, lastSent: 0, lastReceived: 0, paused: false).ShouldBe(SilenceWatch.Verdict.Fine);
        Look(Watch(), lastSent: 0, lastReceived: 760).ShouldBe(SilenceWatch.Verdict.Ping);
        Look(Watch(), lastSent: 760, lastReceived: 0).ShouldBe(SilenceWatch.Verdict.Ping);
        Look(Watch(), lastSent: 760, lastReceived: 700).ShouldBe(SilenceWatch.Verdict.Fine);

        static SilenceWatch.Verdict Look(SilenceWatch watch, long lastSent, long lastReceived)
        {
            for (var now = 100; now < 700; now += 100) watch.Look(now, now, now, paused: false);
            return watch.Look(800, lastSent, lastReceived, paused: false);
        }
    }

    [Fact]
    public void A_process_that_was_itself_stopped_gives_the_broker_another_chance()
    {
        var watch = new SilenceWatch(TimeSpan.FromMilliseconds(1000), 0);
        for (var now = 100; now <= 700; now += 100) watch.Look(now, 0, 0, paused: false).ShouldBe(SilenceWatch.Verdict.Fine);
        watch.Look(800, 0, 0, paused: false).ShouldBe(SilenceWatch.Verdict.Ping);
        watch.Look(60_000, 810, 0, paused: false).ShouldNotBe(SilenceWatch.Verdict.Dead);
        for (var now = 60_100; now < 61_000; now += 100) watch.Look(now, now, 0, paused: false).ShouldBe(SilenceWatch.Verdict.Fine);
        watch.Look(61_000, 60_900, 0, paused: false).ShouldBe(SilenceWatch.Verdict.Dead);
    }

    [Fact]
    public void Without_a_keep_alive_nothing_is_due() =>
        new SilenceWatch(TimeSpan.Zero, 0).Look(1_000_000, 0, 0, paused: false).ShouldBe(SilenceWatch.Verdict.Fine);
}
