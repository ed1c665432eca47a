using System.Net;
using System.Net.Sockets;
using Shouldly;
using Tally.AppHost.Running;
using Tally.Testing;
using Xunit;

namespace Tally.EndToEnd.Tests;

public sealed class StartTests : IDisposable
{
    private readonly LocalDataDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("--messages", "many", "--messages is 'many': expected a whole number from 0 to 1,000,000,000; ./run.sh --help lists all options.")]
    [InlineData("--port", "http", "--port is 'http': expected a whole number from 1 to 65,535; ./run.sh --help lists all options.")]
    [InlineData("--frobnicate", "1", "--frobnicate: there is no such option; ./run.sh --help lists them.")]
    [InlineData("--qos", "3", "--qos is '3': expected a whole number from 0 to 2; ./run.sh --help lists all options.")]
    public async Task A_wrong_option_is_one_line_and_status_2(string option, string value, string expected)
    {
        await using var app = AppHostProcess.Start("--data", _data.Path, option, value);
        (await app.ExitAsync()).ShouldBe(2);
        await app.UntilAsync(expected);
        app.Output.ShouldBe(expected);
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_is_known_before_anything_is_started()
    {
        await using var app = AppHostProcess.Start("--data", _data.Path, "--report", Path.Combine(_data.Path, "missing", "report.json"));
        (await app.ExitAsync()).ShouldBe(3);
        await app.UntilAsync("cannot be written");
        app.Output.Split('\n').Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("/proc/nope")]
    [InlineData("/dev/null")]
    public async Task A_data_directory_that_cannot_be_one_is_one_line_and_status_3(string directory)
    {
        await using var app = AppHostProcess.Start("--data", directory);
        (await app.ExitAsync()).ShouldBe(3);
        await app.UntilAsync($"The data directory {directory} cannot be used: ");
        app.Output.Split('\n').Length.ShouldBe(2); // after the line that says which infrastructure it is
    }

    [Fact]
    public async Task Without_a_run_it_waits_for_sensors_and_shows_no_password()
    {
        await using var app = AppHostProcess.Start("--no-run", "--data", _data.Path);
        await app.UntilAsync("Everything waits for sensors until Ctrl-C");
        app.Output.ShouldNotContain("published ");
        foreach (var secret in Directory.EnumerateFiles(Path.Combine(_data.Path, "secrets"), "*", SearchOption.AllDirectories))
            app.Output.ShouldNotContain(await File.ReadAllTextAsync(secret, TestContext.Current.CancellationToken), customMessage: secret);
        app.Send(Signal.Terminate);
        (await app.ExitWithAllAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_receiver_of_telemetry_that_does_not_answer_is_said()
    {
        var receiver = $"http://127.0.0.1:{FreePort.Any()}";
        await using var app = AppHostProcess.StartSendingTo(receiver, "--messages", "1000", "--exit", "--data", _data.Path);
        (await app.ExitWithAllAsync(TimeSpan.FromSeconds(120))).ShouldBe(0, app.Output);
        app.Output.ShouldContain($"Nobody answers at {receiver} (OTEL_EXPORTER_OTLP_ENDPOINT)");
    }

    [Fact]
    public async Task A_database_that_cannot_start_is_status_3_with_its_own_words()
    {
        // Data of a version that no PostgreSQL reads.
        var cluster = Path.Combine(_data.Path, "postgres", "data");
        Directory.CreateDirectory(cluster);
        await File.WriteAllTextAsync(Path.Combine(cluster, "PG_VERSION"), "9.0\n", TestContext.Current.CancellationToken);
        var secrets = Directory.CreateDirectory(Path.Combine(_data.Path, "secrets")).FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "tally"), "a", TestContext.Current.CancellationToken);

        await using var app = AppHostProcess.Start("--data", _data.Path);

        (await app.ExitAsync()).ShouldBe(3);
        await app.UntilAsync("postgres ended with status ");
        await app.UntilAsync(". Its last lines:");
        await app.UntilNothingIsLeftAsync(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Ports_that_are_taken_are_said_and_others_chosen_and_a_second_start_on_the_same_data_is_refused()
    {
        using var page = new TcpListener(IPAddress.Loopback, 0);
        page.Start();
        var taken = ((IPEndPoint)page.LocalEndpoint).Port;
        using var broker = Take(1883);
        using var database = Take(5432);
        await using var app = AppHostProcess.Start("--messages", "1000", "--port", $"{taken}", "--data", _data.Path);
        await app.UntilAsync("The run ended with status 0");
        await app.UntilAsync($"Port {taken} is taken, so the web page is on {app.Page.Port}.");
        await app.UntilAsync("Port 1883 is taken, so the broker is on ");
        await app.UntilAsync("Port 5432 is taken, so the database is on ");

        await using var second = AppHostProcess.Start("--data", _data.Path);
        (await second.ExitAsync()).ShouldBe(3);
        await second.UntilAsync($"Tally is already running on {_data.Path}");

        app.Send(Signal.Interrupt);
        (await app.ExitAsync()).ShouldBe(0);
    }

    // Null: somebody else has it, which is as good.
    private static TcpListener? Take(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}
