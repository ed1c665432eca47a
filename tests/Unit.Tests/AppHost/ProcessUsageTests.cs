using Shouldly;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class ProcessUsageTests
{
    private static readonly string[] Status =
    [
        "Name:\tpostgres", "VmPeak:\t  300000 kB", "VmHWM:\t   20000 kB", "VmRSS:\t   18000 kB", "RssAnon:\t    2000 kB", "RssFile:\t   10000 kB", "RssShmem:\t    6000 kB",
    ];

    [Fact]
    public void Times_and_memory_are_taken_from_the_fields_of_the_manual()
    {
        // pid (name) state ppid … utime(14) stime(15) cutime(16) cstime(17)
        var usage = ProcessUsage.Parse("42 (postgres) S 7 42 42 0 -1 4194560 100 200 3 4 150 50 1000 25 20 0 1 0 12345 1 1", Status)!.Value;
        usage.Parent.ShouldBe(7);
        usage.Seconds.ShouldBe(2.0);
        usage.WaitedSeconds.ShouldBe(10.25);
        usage.PeakBytes.ShouldBe(20_000 * 1024);
        usage.OwnBytes.ShouldBe(2_000 * 1024);
        usage.SharedBytes.ShouldBe(16_000 * 1024);
    }

    [Fact]
    public void A_name_with_parentheses_and_spaces_moves_no_field() =>
        ProcessUsage.Parse("42 (a) R 1 (b) S 7 42 42 0 -1 0 0 0 0 0 100 0 0 0 20", [])!.Value.Seconds.ShouldBe(1.0);

    [Fact]
    public void A_process_that_is_not_there_uses_nothing() => ProcessUsage.Of(int.MaxValue).ShouldBeNull();
}
