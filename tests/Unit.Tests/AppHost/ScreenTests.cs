using Shouldly;
using Tally.AppHost.Local;
using Xunit;

namespace Tally.Unit.Tests.AppHost;

public sealed class ScreenTests : IDisposable
{
    private readonly StringWriter _written = new();

    public void Dispose() => _written.Dispose();

    [Fact]
    public void In_a_file_a_line_has_its_name_and_no_colour()
    {
        new Screen(_written, isTerminal: false) { IsShared = true }.Log("ingest", "hello");
        _written.ToString().ShouldBe("ingest       | hello\n");
    }

    [Fact]
    public void On_a_terminal_each_name_keeps_its_colour()
    {
        var screen = new Screen(_written, isTerminal: true);
        screen.Log("ingest", "a");
        screen.Log("queryapi", "b");
        screen.Log("ingest", "c");
        _written.ToString().ShouldBe("\e[36mingest       \e[0m| a\n\e[32mqueryapi     \e[0m| b\n\e[36mingest       \e[0m| c\n");
    }

    [Fact]
    public void A_line_wipes_the_progress_bar_that_stands_where_it_goes()
    {
        new Screen(_written, isTerminal: true) { IsShared = true }.Say("ingest ended");
        _written.ToString().ShouldBe("\r\e[2Kingest ended\n");
    }
}
