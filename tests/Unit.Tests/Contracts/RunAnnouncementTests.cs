using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Xunit;

namespace Tally.Unit.Tests.Contracts;

public sealed class RunAnnouncementTests
{
    private static readonly RunAnnouncement Announcement = new()
    {
        Run = "r1",
        State = RunState.Started,
        Expected = 1_000,
        Devices = 10,
        Metric = "temperature",
        Unit = "Cel",
        Qos = 1,
        Source = "synthetic",
        Seed = 7,
        Start = new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero),
        StepMicroseconds = 100_000,
    };

    [Fact]
    public void It_comes_back_as_it_was_sent()
    {
        var json = JsonSerializer.Serialize(Announcement, ContractsJson.Default.RunAnnouncement);
        json.ShouldContain("\"state\":\"started\"");
        json.ShouldNotContain("published");
        JsonSerializer.Deserialize(json, ContractsJson.Default.RunAnnouncement).ShouldBe(Announcement);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null x")]
    [InlineData("\"started\"")]
    public void Anything_else_is_refused(string json) =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize(json, ContractsJson.Default.RunAnnouncement));

    [Theory]
    [InlineData("2")]
    [InlineData("77")]
    [InlineData("\"77\"")]
    [InlineData("\"begun\"")]
    public void A_state_has_a_name(string state)
    {
        var json = JsonSerializer.Serialize(Announcement, ContractsJson.Default.RunAnnouncement).Replace("\"started\"", state);
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize(json, ContractsJson.Default.RunAnnouncement));
    }

    [Fact]
    public void A_sound_one_has_no_problem() => Announcement.Problem().ShouldBeNull();

    [Fact]
    public void Numbers_that_no_plan_can_be_made_of_are_named()
    {
        (Announcement with { Devices = -1 }).Problem().ShouldBe("devices is -1, below 0");
        (Announcement with { Devices = 0 }).Problem().ShouldBeNull("the names are the publisher's own");
        (Announcement with { Expected = -1 }).Problem().ShouldBe("expected is -1, below 0");
        (Announcement with { Published = -1 }).Problem().ShouldBe("published is -1, below 0");
        (Announcement with { Qos = 3 }).Problem().ShouldBe("qos is 3, not 0, 1 or 2");
        (Announcement with { StepMicroseconds = -1 }).Problem().ShouldBe("stepMicroseconds is -1, below 0");
        (Announcement with { Expected = long.MaxValue, Devices = 1, StepMicroseconds = long.MaxValue }).Problem()!.ShouldContain("9999");
    }

    [Fact]
    public void The_last_reading_of_a_sound_one_has_a_time()
    {
        var days = (long)(DateTimeOffset.MaxValue - Announcement.Start).TotalDays;
        var announcement = Announcement with { Devices = 1, Expected = days, StepMicroseconds = (long)TimeSpan.FromDays(1).TotalMicroseconds };
        announcement.Problem().ShouldBeNull();
        announcement.ToPlan().AtOf(days).Year.ShouldBe(9999);
        (announcement with { Expected = days + 2 }).Problem().ShouldNotBeNull();
    }
}
