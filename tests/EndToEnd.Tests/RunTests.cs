using System.Text.Json;
using Shouldly;
using Tally.AppHost.Running;
using Xunit;

namespace Tally.EndToEnd.Tests;

public sealed class RunTests : IDisposable
{
    private const int Devices = 100;

    // A run with all its fault handling: a killed broker costs at most one probe (10 s), a killed database its recovery.
    private static readonly TimeSpan RunTimeout = TimeSpan.FromSeconds(150);

    private readonly LocalDataDirectory _data = new();

    private string Report => Path.Combine(_data.Path, "report.json");

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Fifty_thousand_readings_are_published_stored_once_and_acknowledged_and_nothing_is_left_running()
    {
        const long Readings = 50_000;
        var cancel = TestContext.Current.CancellationToken;
        await using var app = AppHostProcess.Start("--messages", $"{Readings}", "--data", _data.Path, "--report", Report);

        await app.UntilAsync("The run ended with status 0", RunTimeout);

        (await StoredReadings.CountAsync(app.Database, cancel)).ShouldBe(Readings);
        (await StoredReadings.MissingAsync(app.Database, Readings, Devices, cancel)).ShouldBe(0);
        (await StoredReadings.DoubleAsync(app.Database, cancel)).ShouldBe(0);
        using (var http = new HttpClient())
        {
            (await http.GetAsync(app.Page, cancel)).IsSuccessStatusCode.ShouldBeTrue();
            (await http.GetStringAsync(new Uri(app.Page, "api/runs"), cancel)).ShouldContain($"{Readings}");
        }

        app.Send(Signal.Interrupt);
        (await app.ExitWithAllAsync()).ShouldBe(0);
        app.Output.ShouldContain("balanced: published = stored + rejected = acknowledged");
        app.Output.ShouldNotContain("fail:");

        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(Report, cancel));
        foreach (var count in (string[])["published", "acknowledged", "stored", "received"]) report.RootElement.GetProperty(count).GetInt64().ShouldBe(Readings, count);
        foreach (var count in (string[])["duplicates", "rejected", "conflicts", "brokerDropped"]) report.RootElement.GetProperty(count).GetInt64().ShouldBe(0, count);
        report.RootElement.GetProperty("balanced").GetBoolean().ShouldBeTrue();
        report.RootElement.GetProperty("missing").GetArrayLength().ShouldBe(0);
        report.RootElement.GetProperty("processes").EnumerateArray().Select(process => process.GetProperty("name").GetString())
            .ShouldBe(["mosquitto", "postgres", "ingest", "ackresponder", "queryapi", "simulator", "apphost"], ignoreOrder: true);
        report.RootElement.GetProperty("processes").EnumerateArray().ShouldAllBe(process => process.GetProperty("peakRssMb").GetDouble() > 1);
    }

    [Fact]
    public async Task With_exit_everything_is_stopped_after_the_run_and_the_next_start_finds_the_data_again()
    {
        for (var start = 1; start <= 2; start++)
        {
            await using var app = AppHostProcess.Start("--messages", "1000", "--data", _data.Path, "--exit");
            (await app.ExitWithAllAsync(RunTimeout)).ShouldBe(0, app.Output);
            app.Output.TrimEnd().ShouldEndWith("balanced: published = stored + rejected = acknowledged"); // the verdict is the last thing on the screen
        }
    }

    [Fact]
    public async Task A_run_balances_although_each_part_is_killed_in_the_middle_of_it()
    {
        const long Readings = 300_000;
        var cancel = TestContext.Current.CancellationToken;
        await using var app = AppHostProcess.Start("--messages", $"{Readings}", "--rate", "15000", "--data", _data.Path, "--report", Report);

        await app.UntilAcknowledgedAsync(20_000);
        foreach (var (name, commandLine) in ((string, string)[])
                 [("ingest", "Tally.Ingest.dll"), ("ackresponder", "Tally.AckResponder.dll"), ("mosquitto", "mosquitto.conf"), ("postgres", "bin/postgres -D"), ("queryapi", "Tally.QueryApi.dll")])
        {
            app.Kill(commandLine);
            await app.UntilAsync($"{name} ended with a signal");
            await app.UntilAsync($"{name} is ready again");
        }

        await app.UntilAsync("The run ended with status 0", RunTimeout);
        (await StoredReadings.CountAsync(app.Database, cancel)).ShouldBe(Readings);
        (await StoredReadings.MissingAsync(app.Database, Readings, Devices, cancel)).ShouldBe(0);
        (await StoredReadings.DoubleAsync(app.Database, cancel)).ShouldBe(0);
        app.Send(Signal.Terminate);
        (await app.ExitWithAllAsync()).ShouldBe(0);
    }
}
