using Microsoft.Extensions.Time.Testing;
using Shouldly;
using Tally.SensorSimulator.Publishing;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class PacerTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Without_a_rate_everything_is_due() => new Pacer(0, _time).UntilDue(long.MaxValue).ShouldBe(TimeSpan.Zero);

    [Fact]
    public void Readings_are_due_at_their_rate_from_the_first_on()
    {
        var pacer = new Pacer(10, _time);
        _time.Advance(TimeSpan.FromSeconds(5));
        pacer.UntilDue(0).ShouldBe(TimeSpan.Zero);
        pacer.UntilDue(1).ShouldBe(TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(250));
        pacer.UntilDue(2).ShouldBeLessThanOrEqualTo(TimeSpan.Zero);
        pacer.UntilDue(3).ShouldBe(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void An_outage_is_made_up_for_by_no_more_than_a_second()
    {
        var pacer = new Pacer(10, _time);
        pacer.UntilDue(0);
        _time.Advance(TimeSpan.FromMinutes(10));
        var burst = 1L;
        while (pacer.UntilDue(burst) <= TimeSpan.Zero) burst++;
        burst.ShouldBeInRange(10, 12);
    }
}
