using Shouldly;
using Tally.AppHost;
using Tally.AppHost.Running;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class DiskSpaceTests
{
    [Fact]
    public void Enough_is_enough() => Should.NotThrow(() => DiskSpace.Check("/data", 1_000_000, DiskSpace.Needed(1_000_000)));

    [Fact]
    public void Too_little_says_how_much_is_there_how_much_is_needed_why_and_the_way_out()
    {
        var error = Should.Throw<EnvironmentException>(() => DiskSpace.Check("/data", 1_000_000, 123_000_000));
        error.Message.ShouldNotContain("\n");
        error.Message.ShouldStartWith("0.12 GB are free in /data, and 1000000 readings need 0.58 GB ");
        error.Message.ShouldContain("--messages N");
        error.Message.ShouldContain("--data DIR");
    }

    [Fact]
    public void The_log_is_reused_so_a_long_run_does_not_need_room_for_all_of_it() =>
        (DiskSpace.Needed(100_000_000) - DiskSpace.Needed(99_000_000)).ShouldBeLessThan(DiskSpace.Needed(2_000_000) - DiskSpace.Needed(1_000_000));
}
