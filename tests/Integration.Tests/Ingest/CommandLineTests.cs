using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

[Collection(IngestCollection.Name)]
public sealed class CommandLineTests(IngestServers servers)
{
    private const string Mqtt = "--ConnectionStrings:mqtt=mqtt://x";
    private const string Telemetry = "--ConnectionStrings:telemetry=Host=x";

    [Fact]
    public async Task A_refused_password_is_one_clear_line_and_exit_status_3()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var wrong = new UriBuilder(broker.AddressOf("ingest")) { Password = "wrong" }.Uri;

        await using var ingest = IngestProcess.Start(wrong, await servers.CreateMigratedAsync());

        (await ingest.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken)).ShouldBe(3);
        ingest.Lines.Where(line => line.Contains("crit:")).ShouldHaveSingleItem().ShouldContain("ingest");
        ingest.Lines.ShouldNotContain(line => line.Contains("   at "), "no stack trace");
    }

    [Theory]
    [InlineData(2, "'migrat' is no verb", "migrat")]
    [InlineData(2, "BatchSize", "--Ingest:BatchSize=0")]
    [InlineData(2, "BatchSiz", "--Ingest:BatchSiz=5")]
    [InlineData(2, "ConnectionStrings:mqtt")]
    [InlineData(2, "ConnectionStrings:telemetry", "migrate")]
    [InlineData(2, "retire needs --instance NAME", "retire")]
    [InlineData(2, "Ingest:Instance is 'a/b'", "retire", "--instance=a/b", Mqtt, Telemetry)]
    [InlineData(2, "Retire:Timeout is '00:00:01'", "retire", "--instance=a", "--Retire:Timeout=00:00:01", Mqtt, Telemetry)]
    [InlineData(2, "Ingest:SharedGroup is 'a/b'", "--Ingest:SharedGroup=a/b", Mqtt, Telemetry)]
    public async Task A_wrong_command_line_is_one_line_that_names_the_thing(int status, string named, params string[] arguments)
    {
        await using var ingest = IngestProcess.StartBare(arguments);

        (await ingest.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken)).ShouldBe(status);
        ingest.Lines.ShouldHaveSingleItem().ShouldContain(named);
    }

    [Fact]
    public async Task Migrate_makes_the_schema_and_can_be_run_twice()
    {
        var database = new Database(await servers.Postgres.CreateDatabaseAsync(TestContext.Current.CancellationToken));
        for (var i = 0; i < 2; i++)
        {
            await using var migrate = IngestProcess.StartBare("migrate", $"--ConnectionStrings:telemetry={database.ConnectionString}");
            (await migrate.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken)).ShouldBe(0, string.Join('\n', migrate.Lines));
        }

        (await database.CountAsync("runs")).ShouldBe(1);
    }

    [Fact]
    public async Task Migrate_gives_up_on_a_database_that_does_not_answer_with_exit_status_3()
    {
        await using var migrate = IngestProcess.StartBare(
            "migrate", $"--ConnectionStrings:telemetry=Host=127.0.0.1;Port={Tally.Testing.FreePort.Any()};Username=x;Database=x", "--Ingest:DatabaseWait=00:00:01");

        (await migrate.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken)).ShouldBe(3);
        migrate.Lines.Where(line => line.Contains("crit:")).ShouldHaveSingleItem().ShouldContain("connection refused");
    }

    [Fact]
    public async Task A_database_that_is_away_at_start_makes_it_not_ready_and_is_waited_for()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var postgres = await PostgresServer.StartAsync(cancel);
        var database = new Database(await postgres.CreateDatabaseAsync(cancel));
        await using (var migrate = IngestProcess.StartBare("migrate", $"--ConnectionStrings:telemetry={database.ConnectionString}"))
        {
            (await migrate.Exited).ShouldBe(0);
        }

        await postgres.StopAsync();
        await using var ingest = IngestProcess.Start(broker.AddressOf("ingest"), database.ConnectionString);
        await Eventually.UntilAsync(() => ingest.Lines.Any(line => line.Contains("connection refused")), "a line about the database");
        await Eventually.UntilAsync(async () => (await ingest.GetAsync("/health/live")).Status == System.Net.HttpStatusCode.OK, "it to be live");
        (await ingest.IsReadyAsync()).ShouldBeFalse();

        await postgres.StartAgainAsync(cancel);
        await ingest.UntilReadyAsync();
        ingest.Lines.Count(line => line.Contains("trying again")).ShouldBe(1);
        (await ingest.StopAsync()).ShouldBe(0);
    }
}
