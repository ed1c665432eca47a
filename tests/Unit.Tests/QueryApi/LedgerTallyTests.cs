using Shouldly;
using Tally.Contracts;
using Tally.Storage.Queries;
using Xunit;

namespace Tally.Unit.Tests.QueryApi;

public sealed class LedgerTallyTests
{
    [Fact]
    public void A_complete_run_misses_nothing()
    {
        var tally = Complete(devices: 3, total: 10).Tally();
        tally.Distinct.ShouldBe(10);
        tally.Missing.Ranges.ShouldBe(0);
        tally.Unexpected.ShouldBe(0);
    }

    [Fact]
    public void A_run_without_rows_misses_every_device_that_has_readings()
    {
        var tally = new LedgerModel(devices: 5, total: 3).Tally();
        tally.Missing.Sorted().ShouldBe([Range(0, 1, 1), Range(1, 1, 1), Range(2, 1, 1)]);
        tally.Missing.Identities.ShouldBe(3);
    }

    [Fact]
    public void A_run_of_nothing_misses_nothing() => new LedgerModel(devices: 5, total: 0).Tally().Missing.Ranges.ShouldBe(0);

    [Fact]
    public void Gaps_at_start_middle_and_end_are_listed_as_ranges()
    {
        var model = new LedgerModel(devices: 1, total: 10);
        foreach (var seq in (long[])[3, 4, 7]) model.Store("sensor-0001", "temperature", seq);
        var tally = model.Tally();
        tally.Missing.Sorted().ShouldBe([Range(0, 1, 2), Range(0, 5, 6), Range(0, 8, 10)]);
        tally.Missing.Identities.ShouldBe(7);
    }

    [Fact]
    public void A_rejected_reading_is_not_missing_and_splits_the_range_around_it()
    {
        var model = new LedgerModel(devices: 1, total: 10);
        model.Store("sensor-0001", "temperature", 1);
        model.Reject("sensor-0001", "temperature", 5);
        var tally = model.Tally();
        tally.Missing.Sorted().ShouldBe([Range(0, 2, 4), Range(0, 6, 10)]);
        tally.Rejected.Sorted().ShouldBe([Range(0, 5, 5)]);
    }

    [Fact]
    public void Three_rows_of_one_identity_are_one_conflict()
    {
        var model = Complete(devices: 2, total: 20);
        model.Store("sensor-0002", "temperature", 4);
        model.Store("sensor-0002", "temperature", 4);
        model.Store("sensor-0002", "temperature", 10);
        var tally = model.Tally();
        tally.Conflicts.ShouldBe(2);
        tally.Distinct.ShouldBe(20);
        tally.Missing.Ranges.ShouldBe(0);
    }

    [Fact]
    public void A_reading_both_stored_and_rejected_is_an_overlap()
    {
        var model = Complete(devices: 2, total: 20);
        model.Reject("sensor-0001", "temperature", 3);
        model.Reject("sensor-0001", "temperature", 4);
        model.Tally().Overlap.ShouldBe(2);
    }

    [Theory]
    [InlineData("sensor-0001", "temperature", 11)] // past the end of its series
    [InlineData("sensor-0003", "temperature", 1)] // a device the run does not have
    [InlineData("sensor-0001", "humidity", 1)] // a metric the run does not have
    [InlineData("kitchen", "temperature", 1)]
    [InlineData("sensor-0001", "temperature", 0)]
    public void What_the_plan_does_not_have_is_unexpected(string device, string metric, long seq)
    {
        var model = Complete(devices: 2, total: 20);
        model.Store(device, metric, seq);
        var tally = model.Tally();
        tally.Unexpected.ShouldBe(1);
        tally.Missing.Ranges.ShouldBe(0);
    }

    [Fact]
    public void An_unannounced_run_misses_what_lies_below_the_largest_seq_of_each_series()
    {
        var model = new LedgerModel(devices: 0, total: 0, announced: false);
        model.Store("kitchen", "humidity", 3);
        model.Reject("kitchen", "humidity", 6);
        var tally = model.Tally();
        tally.Missing.Sorted().ShouldBe([new("kitchen", "humidity", 1, 2), new("kitchen", "humidity", 4, 5)]);
        tally.Unexpected.ShouldBe(0);
    }

    [Fact]
    public void Foreign_readings_have_no_gaps()
    {
        var model = new LedgerModel(devices: 0, total: 0, announced: false);
        model.Store("kitchen", "humidity", 1L << 40);
        model.Tally(runId: 0).Missing.Ranges.ShouldBe(0);
    }

    [Fact]
    public void The_largest_seq_there_is_can_be_counted()
    {
        var model = new LedgerModel(devices: 0, total: 0, announced: false);
        model.Store("kitchen", "humidity", long.MaxValue);
        model.Reject("kitchen", "humidity", long.MaxValue);
        var tally = model.Tally();
        tally.Missing.Sorted().ShouldBe([new("kitchen", "humidity", 1, long.MaxValue - 1)]);
        tally.Overlap.ShouldBe(1);
    }

    [Fact]
    public void At_most_a_thousand_ranges_are_listed_and_all_are_counted()
    {
        var model = new LedgerModel(devices: 3000, total: 9000);
        var tally = model.Tally();
        tally.Missing.Sorted().Count.ShouldBe(1000);
        tally.Missing.Ranges.ShouldBe(3000);
        tally.Missing.Identities.ShouldBe(9000);
    }

    [Fact]
    public void A_run_of_two_billion_devices_is_counted_without_going_through_them()
    {
        var tally = new LedgerTally(Announced(devices: int.MaxValue, expected: long.MaxValue));
        tally.BeginSeries("sensor-0002", "temperature", 1);
        tally.Complete();
        tally.Missing.Identities.ShouldBe((Int128)long.MaxValue - 1);
        tally.Missing.Ranges.ShouldBe(int.MaxValue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_runs_agree_with_sets_in_memory(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var devices = random.Next(1, 5);
            var total = random.Next(0, 40);
            var model = new LedgerModel(devices, total, announced: random.Next(4) > 0);
            for (var i = random.Next(0, 60); i > 0; i--)
            {
                var device = RunPlan.DeviceName(random.Next(devices + 1));
                var metric = random.Next(12) == 0 ? "humidity" : "temperature";
                if (random.Next(4) == 0) model.Reject(device, metric, random.Next(1, 16));
                else model.Store(device, metric, random.Next(1, 16));
            }

            var tally = model.Tally();
            var because = $"seed {seed}, round {round}";
            tally.Distinct.ShouldBe(model.Identities.Count, because);
            tally.Conflicts.ShouldBe(model.Conflicts, because);
            tally.Overlap.ShouldBe(model.Overlap, because);
            tally.Unexpected.ShouldBe(model.Unexpected, because);
            tally.Missing.Identities.ShouldBe(model.Missing.Count, because);
            Expand(tally.Missing.Sorted()).ShouldBe(model.Missing, ignoreOrder: true, because);
            tally.Missing.Ranges.ShouldBe(tally.Missing.Sorted().Count, because);
        }
    }

    private static LedgerModel Complete(int devices, long total)
    {
        var plan = new RunPlan(total, devices, DateTimeOffset.UnixEpoch, TimeSpan.Zero);
        var model = new LedgerModel(devices, total);
        for (var index = 0L; index < total; index++)
        {
            var (device, seq) = plan.IdentityOf(index);
            model.Store(RunPlan.DeviceName(device), "temperature", seq);
        }

        return model;
    }

    private static IdentityRange Range(int device, long from, long to) => new(RunPlan.DeviceName(device), "temperature", from, to);

    private static IEnumerable<(string Device, string Metric, long Seq)> Expand(IEnumerable<IdentityRange> ranges)
    {
        foreach (var range in ranges)
        {
            for (var seq = range.From; seq <= range.To; seq++) yield return (range.Device, range.Metric, seq);
        }
    }

    private static RunRecord Announced(int devices, long expected) => new()
    {
        Id = 1,
        Name = "r",
        State = RunState.Started,
        Expected = expected,
        Devices = devices,
        Metric = "temperature",
        FirstSeen = DateTimeOffset.UnixEpoch,
        Received = 0,
        Stored = 0,
        Duplicates = 0,
        Rejected = 0,
    };
}
