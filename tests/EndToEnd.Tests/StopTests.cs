using System.Text.Json;
using Shouldly;
using Tally.AppHost.Running;
using Tally.Testing.Processes;
using Xunit;

namespace Tally.EndToEnd.Tests;

public sealed class StopTests : IDisposable
{
    // Far more than is published before the test has interrupted it.
    private const string Long = "20000000";

    private readonly LocalDataDirectory _data = new();

    private string Report => Path.Combine(_data.Path, "report.json");

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(nameof(Signal.Interrupt))]
    [InlineData(nameof(Signal.Terminate))]
    public async Task Interrupted_in_the_middle_it_says_what_is_outstanding_and_leaves_nothing_running(string signal)
    {
        await using var app = AppHostProcess.Start("--messages", Long, "--data", _data.Path, "--report", Report, "--exit");
        await app.UntilAcknowledgedAsync(10_000);

        app.Send(Enum.Parse<Signal>(signal));

        (await app.ExitWithAllAsync()).ShouldBe(130, app.Output);
        app.Output.ShouldContain(" outstanding");
        app.Output.ShouldContain("Everything is stopped.");
        app.Output.ShouldNotContain("is killed.");
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(Report, TestContext.Current.CancellationToken));
        report.RootElement.GetProperty("balanced").GetBoolean().ShouldBeFalse();
        report.RootElement.GetProperty("processes").GetArrayLength().ShouldBe(7);
    }

    [Fact]
    public async Task Interrupted_while_it_starts_it_stops_what_it_has_started()
    {
        await using var app = AppHostProcess.Start("--messages", Long, "--data", _data.Path);
        await app.UntilAsync("postgres is ready");

        app.Send(Signal.Interrupt);

        (await app.ExitWithAllAsync()).ShouldBe(130, app.Output);
    }

    [Fact]
    public async Task A_second_interruption_kills_at_once()
    {
        await using var app = AppHostProcess.Start("--messages", Long, "--data", _data.Path);
        await app.UntilAcknowledgedAsync(10_000);
        foreach (var process in app.Running().Where(process => process.CommandLine.Contains("Tally.SensorSimulator", StringComparison.Ordinal)))
            Signals.Send(process.Id, StandStill.Stop); // so that the first cannot succeed

        app.Send(Signal.Interrupt);
        await app.UntilAsync("Stopping everything");
        app.Send(Signal.Interrupt);

        (await app.ExitWithAllAsync(TimeSpan.FromSeconds(10))).ShouldBe(130, app.Output);
    }

    [Fact]
    public async Task Killed_itself_it_leaves_no_orphan_and_the_next_start_works_with_what_is_there()
    {
        await using (var app = AppHostProcess.Start("--messages", Long, "--data", _data.Path))
        {
            await app.UntilAcknowledgedAsync(10_000);
            app.Running().Count.ShouldBeGreaterThan(7); // itself, the orchestrator, five that stay up, the simulator; and PostgreSQL's own

            app.Send(Signal.Kill);

            // At once after that: the next start waits for what is still stopping.
            await using var next = AppHostProcess.Start("--messages", "1000", "--data", _data.Path, "--exit");
            await app.UntilNothingIsLeftAsync(TimeSpan.FromSeconds(30));
            (await next.ExitAsync(TimeSpan.FromSeconds(120))).ShouldBe(0, next.Output);
        }
    }
}
