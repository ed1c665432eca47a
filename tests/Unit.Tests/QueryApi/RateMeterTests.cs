using Shouldly;
using Tally.QueryApi.Events;
using Xunit;

namespace Tally.Unit.Tests.QueryApi;

public sealed class RateMeterTests
{
    private readonly RateMeter _meter = new(TimeSpan.FromSeconds(5));

    [Fact]
    public void One_sample_is_no_rate() => Add(0, 100).ShouldBeNull();

    [Fact]
    public void The_rate_is_that_of_the_window_only()
    {
        Add(0, 0);
        Add(1, 1000).ShouldBe(1000);
        for (var second = 2; second <= 10; second++) Add(second, 1000);
        Add(11, 1500).ShouldBe(100);
    }

    [Fact]
    public void A_count_that_stands_still_falls_to_nothing()
    {
        Add(0, 0);
        Add(1, 1000);
        for (var second = 2; second <= 6; second++) Add(second, 1000);
        Add(7, 1000).ShouldBe(0);
    }

    [Fact]
    public void A_smaller_count_is_another_run()
    {
        Add(0, 0);
        Add(1, 1000);
        Add(2, 10).ShouldBeNull();
        Add(3, 30).ShouldBe(20);
    }

    private double? Add(double seconds, long count) => _meter.Add(TimeSpan.FromSeconds(seconds), count);
}
