using System.Text;
using Shouldly;
using Tally.Contracts;
using Xunit;

namespace Tally.Unit.Tests.Contracts;

public sealed class RunPlanTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 3)]
    [InlineData(9, 3)]
    [InlineData(2, 5)]
    [InlineData(1_000, 7)]
    public void Every_index_has_one_identity_and_every_device_its_share(long expected, int devices)
    {
        var plan = new RunPlan(expected, devices, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(1));
        var counts = new long[devices];
        for (var index = 0L; index < expected; index++)
        {
            var (device, seq) = plan.IdentityOf(index);
            seq.ShouldBe(++counts[device]); // from 1, without a gap
            plan.IndexOf(device, seq).ShouldBe(index);
            plan.CountOf(device, index + 1).ShouldBe(seq);
        }

        for (var device = 0; device < devices; device++) plan.CountOf(device, expected).ShouldBe(counts[device]);
    }

    [Theory]
    [InlineData(0, "sensor-0001")]
    [InlineData(9_998, "sensor-9999")]
    [InlineData(9_999, "sensor-10000")]
    [InlineData(99_999, "sensor-100000")]
    public void A_device_has_one_name(int device, string name)
    {
        RunPlan.DeviceName(device).ShouldBe(name);
        RunPlan.DeviceNumber(Encoding.UTF8.GetBytes(name)).ShouldBe(device);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sensor-")]
    [InlineData("sensor-1")]
    [InlineData("sensor-0000")]
    [InlineData("sensor-00001")]
    [InlineData("sensor-010000")]
    [InlineData("sensor--001")]
    [InlineData("sensor-+001")]
    [InlineData("sensor- 001")]
    [InlineData("sensor-001x")]
    [InlineData("sensor-99999999999")]
    [InlineData("Sensor-0001")]
    public void Another_name_is_no_device(string name) => RunPlan.DeviceNumber(Encoding.UTF8.GetBytes(name)).ShouldBeLessThan(0);

    [Fact]
    public void A_reading_is_measured_a_step_after_the_one_before() =>
        new RunPlan(10, 2, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(2)).AtOf(3).ShouldBe(DateTimeOffset.UnixEpoch.AddSeconds(4));
}
