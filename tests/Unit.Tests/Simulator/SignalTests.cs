using Shouldly;
using Tally.SensorSimulator.Publishing;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class SignalTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Set_before_the_wait_is_not_lost()
    {
        using var signal = new Signal(TimeProvider.System);
        signal.Set();
        signal.Set();
        await signal.WaitAsync(Long).AsTask().WaitAsync(Long, TestContext.Current.CancellationToken);
        var second = signal.WaitAsync(Long).AsTask();
        second.IsCompleted.ShouldBeFalse(); // set twice wakes once
        signal.Set();
        await second;
    }

    [Fact]
    public async Task A_wait_ends_by_itself_after_its_time()
    {
        using var signal = new Signal(TimeProvider.System);
        await signal.WaitAsync(TimeSpan.FromMilliseconds(5)).AsTask().WaitAsync(Long, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Two_loops_can_play_ball()
    {
        using var ping = new Signal(TimeProvider.System);
        using var pong = new Signal(TimeProvider.System);
        var count = 0;
        var other = Task.Run(
            async () =>
            {
                for (var i = 0; i < 10_000; i++)
                {
                    await ping.WaitAsync(Long);
                    count++;
                    pong.Set();
                }
            },
            TestContext.Current.CancellationToken);
        for (var i = 0; i < 10_000; i++)
        {
            ping.Set();
            await pong.WaitAsync(Long);
        }

        await other;
        count.ShouldBe(10_000);
    }
}
