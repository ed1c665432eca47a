using Shouldly;
using Tally.AppHost.Running;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class ScreenTests : IDisposable
{
    private const string Progress = "published 10,000, acknowledged 9,000 of 20,000";

    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    [Fact]
    public void In_a_file_every_line_stands_for_itself()
    {
        var screen = new Screen(_written, columns: null);
        screen.Log("ingest", "hello");
        screen.Run(Progress);
        screen.Say("done");
        _written.ToString().ShouldBe($"ingest       | hello\n{Progress}\ndone\n");
    }

    [Fact]
    public void On_a_terminal_progress_stays_in_the_last_line_and_other_lines_go_above_it()
    {
        var screen = new Screen(_written, () => 80);
        screen.Run(Progress);
        screen.Say("ingest ended");
        screen.Run("Ledger");
        _written.ToString().ShouldBe($"{Progress}\r\e[2Kingest ended\n{Progress}\r\e[2KLedger\n");
    }

    [Fact]
    public void Progress_is_cut_to_the_terminal_because_a_line_that_wraps_cannot_be_drawn_over()
    {
        new Screen(_written, () => 20).Run(Progress);
        _written.ToString().ShouldBe(Progress[..19]);
    }
}
