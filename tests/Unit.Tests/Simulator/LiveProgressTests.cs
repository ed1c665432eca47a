using Shouldly;
using Tally.SensorSimulator.Progress;
using Tally.SensorSimulator.Runs;
using Xunit;

namespace Tally.Unit.Tests.Simulator;

public sealed class LiveProgressTests
{
    private const string Redraw = "\r\x1b[K";

    private static readonly RunSnapshot Half = new(1_000_000, 503_604, 500_324, 68_731, TimeSpan.FromSeconds(7));

    [Fact]
    public void No_drawing_is_as_wide_as_the_terminal()
    {
        for (var columns = 1; columns <= 200; columns++) Drawn(columns).Length.ShouldBeLessThan(columns);
    }

    [Fact]
    public void A_narrow_terminal_shows_how_far_the_run_is_and_a_wide_one_a_bar_too()
    {
        Drawn(40).ShouldStartWith(" 50% 500,324, 68,731/s");
        Drawn(85).ShouldStartWith(" 50% published 503,604, acknowledged 500,324 of 1,000,000");
        Drawn(120).ShouldStartWith("[###############---------------]  50% published 503,604");
    }

    private static string Drawn(int columns)
    {
        using var output = new StringWriter();
        new LiveProgress(output, () => columns).OnProgress(Half);
        return output.ToString()[Redraw.Length..];
    }
}
