using MQTTnet.Packets;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class StaleBatchTests : IDisposable
{
    private readonly Receiver _receiver = new(new IngestOptions { KeepAlive = TimeSpan.FromSeconds(10) });
    private readonly ProcessPause _pause;
    private readonly StaleBatches _stale;

    public StaleBatchTests()
    {
        _pause = new ProcessPause(_receiver.Options, _receiver.Time);
        _stale = new StaleBatches(_pause, _receiver.Handler, _receiver.Options, _receiver.Time);
        _receiver.Handler.OnConnected(new MqttConnected(1, new MqttConnAckPacket { IsSessionPresent = true }));
    }

    [Fact]
    public async Task A_batch_of_a_broken_connection_is_stored_all_the_same()
    {
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 1));
        _receiver.Time.Advance(TimeSpan.FromMinutes(5)); // a slow database is no pause of the process
        _receiver.Handler.OnDisconnected(default);

        (await _stale.IsStaleAsync(batch, TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    [Fact]
    public async Task After_a_pause_the_batch_of_a_connection_that_was_replaced_is_thrown_away()
    {
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 1));
        _receiver.Time.Jump(TimeSpan.FromSeconds(11));
        var deciding = _stale.IsStaleAsync(batch, TestContext.Current.CancellationToken).AsTask();
        _receiver.Handler.OnDisconnected(default);
        _receiver.Handler.OnConnected(new MqttConnected(2, new MqttConnAckPacket { IsSessionPresent = true }));

        (await DecideAsync(deciding)).ShouldBeTrue();
    }

    [Fact]
    public async Task After_a_pause_a_batch_that_a_new_session_cannot_deliver_again_is_stored()
    {
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 1));
        _receiver.Time.Jump(TimeSpan.FromSeconds(11));
        _receiver.Handler.OnConnected(new MqttConnected(2, new MqttConnAckPacket()));

        (await DecideAsync(_stale.IsStaleAsync(batch, TestContext.Current.CancellationToken).AsTask())).ShouldBeFalse();
    }

    [Fact]
    public async Task After_a_pause_the_batch_of_a_connection_that_survived_is_stored_since_nothing_comes_again()
    {
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 1));
        _receiver.Time.Jump(TimeSpan.FromSeconds(11));

        (await DecideAsync(_stale.IsStaleAsync(batch, TestContext.Current.CancellationToken).AsTask())).ShouldBeFalse();
    }

    [Fact]
    public async Task A_batch_that_began_after_the_pause_is_stored_at_once()
    {
        _receiver.Time.Jump(TimeSpan.FromSeconds(11));
        _pause.LastEnd.ShouldNotBeNull();
        _receiver.Time.Advance(TimeSpan.FromSeconds(1));
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 1));

        (await _stale.IsStaleAsync(batch, TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    public void Dispose()
    {
        _pause.Dispose();
        _receiver.Dispose();
    }

    private async Task<bool> DecideAsync(Task<bool> deciding)
    {
        await Eventually.UntilAsync(
            () =>
            {
                if (!deciding.IsCompleted) _receiver.Time.Advance(TimeSpan.FromMilliseconds(50));
                return deciding.IsCompleted;
            },
            "the decision");
        return await deciding;
    }
}
