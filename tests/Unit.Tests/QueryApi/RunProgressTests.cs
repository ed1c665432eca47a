using Shouldly;
using Tally.Contracts;
using Tally.QueryApi.Apis;
using Tally.Storage.Queries;
using Xunit;

namespace Tally.Unit.Tests.QueryApi;

public sealed class RunProgressTests
{
    [Fact]
    public void A_hundred_percent_says_that_nothing_is_left() =>
        RunProgress.Of(Run(expected: 1_000_000, stored: 999_999)).Percent.ShouldBe(99.99);

    [Fact]
    public void Rejected_readings_are_settled_too() => RunProgress.Of(Run(expected: 10, stored: 8, rejected: 2)).Percent.ShouldBe(100);

    [Fact]
    public void A_rejection_that_was_delivered_again_gives_no_more_than_a_hundred() =>
        RunProgress.Of(Run(expected: 10, stored: 8, rejected: 5)).Percent.ShouldBe(100);

    [Fact]
    public void An_unannounced_run_has_no_percent_and_no_time_left()
    {
        var progress = RunProgress.Of(Run(expected: null, stored: 8), rate: 5);
        progress.Percent.ShouldBeNull();
        progress.SecondsLeft.ShouldBeNull();
    }

    [Fact]
    public void The_time_left_comes_from_the_rate()
    {
        RunProgress.Of(Run(expected: 1000, stored: 400), rate: 200).SecondsLeft.ShouldBe(3);
        RunProgress.Of(Run(expected: 1000, stored: 400), rate: 0).SecondsLeft.ShouldBeNull();
    }

    [Fact]
    public void The_average_rate_is_over_the_whole_run() => RunProgress.Of(Run(expected: 1000, stored: 400)).Rate.ShouldBe(40);

    [Fact]
    public void A_finished_run_is_measured_by_what_it_published()
    {
        var progress = RunProgress.Of(Run(expected: 1000, stored: 400) with { State = RunState.Finished, Published = 400 }, rate: 10);
        progress.Percent.ShouldBe(100);
        progress.SecondsLeft.ShouldBeNull();
    }

    private static RunRecord Run(long? expected, long stored, long rejected = 0) => new()
    {
        Id = 1,
        Name = "r",
        State = expected is null ? RunState.Unannounced : RunState.Started,
        Expected = expected,
        FirstSeen = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch.AddSeconds(10),
        Received = stored + rejected,
        Stored = stored,
        Duplicates = 0,
        Rejected = rejected,
    };
}
