using Shouldly;
using Tally.SensorSimulator.Sources;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class SyntheticTemperatureTests
{
    private static readonly DateTime Start = new(2026, 11, 20, 9, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void The_same_identity_has_the_same_value_whenever_and_in_whatever_order_it_is_asked_for()
    {
        var (one, other) = (new SyntheticTemperature(42), new SyntheticTemperature(42));
        var values = Enumerable.Range(1, 1_000).Select(seq => one.ValueOf(seq % 7, seq, Start.AddSeconds(seq))).ToList();
        var again = Enumerable.Range(1, 1_000).Reverse().Select(seq => other.ValueOf(seq % 7, seq, Start.AddSeconds(seq))).Reverse().ToList();
        again.ShouldBe(values);
    }

    [Fact]
    public void Seeds_devices_and_readings_differ()
    {
        var source = new SyntheticTemperature(1);
        Enumerable.Range(1, 100).Select(seq => source.ValueOf(0, seq, Start)).Distinct().Count().ShouldBeGreaterThan(20);
        Enumerable.Range(0, 100).Select(device => source.ValueOf(device, 1, Start)).Distinct().Count().ShouldBeGreaterThan(50);
        Enumerable.Range(0, 100).Select(seed => new SyntheticTemperature(seed).ValueOf(0, 1, Start)).Distinct().Count().ShouldBeGreaterThan(50);
    }

    [Fact]
    public void A_day_is_coldest_before_dawn_and_warmest_in_the_afternoon()
    {
        var source = new SyntheticTemperature(5);
        double At(int hour) => Enumerable.Range(1, 200).Average(seq => source.ValueOf(3, seq, Start.Date.AddHours(hour)));
        At(4).ShouldBeLessThan(At(10));
        At(10).ShouldBeLessThan(At(16));
        (At(16) - At(4)).ShouldBe(12, 1);
    }

    [Fact]
    public void Values_have_two_decimals_and_are_temperatures()
    {
        var source = new SyntheticTemperature(-9);
        for (var seq = 1; seq < 5_000; seq++)
        {
            var value = source.ValueOf(seq % 100, seq, Start.AddMinutes(seq));
            value.ShouldBeInRange(0, 30);
            Math.Round(value, 2).ShouldBe(value);
            value.ToString("R", System.Globalization.CultureInfo.InvariantCulture).Length.ShouldBeLessThanOrEqualTo(5);
        }
    }
}
