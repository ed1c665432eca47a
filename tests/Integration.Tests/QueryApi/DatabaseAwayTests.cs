using System.Net;
using System.Net.ServerSentEvents;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Shouldly;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed class DatabaseAwayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_database_is_away_everything_says_so_and_comes_back_by_itself()
    {
        await using var server = await PostgresServer.StartAsync(Cancellation);
        var database = await server.CreateDatabaseAsync(Cancellation);
        await Migrator.MigrateAsync(database, NullLogger.Instance, Cancellation);
        await server.StopAsync();

        await using var api = await QueryApiHost.StartAsync(database); // it starts without its database
        (await api.ReadyAsync()).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await server.StartAgainAsync(Cancellation);
        await Eventually.UntilAsync(async () => (await api.ReadyAsync()).Status == HttpStatusCode.OK, "readiness after the database has come");
        (await api.GetAsync("/api/runs")).GetProperty("runs").GetArrayLength().ShouldBe(0);

        using var watching = await api.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var events = SseParser.Create(await watching.Content.ReadAsStreamAsync(Cancellation)).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        await UntilEventAsync(events, "idle");

        await server.StopAsync();
        await UntilEventAsync(events, "unavailable");
        var (status, text) = await api.ReadyAsync();
        status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        text.ShouldContain("no PostgreSQL answers");
        var problem = await api.GetProblemAsync("/api/runs", HttpStatusCode.ServiceUnavailable);
        problem.GetProperty("title").GetString().ShouldBe("The database is away");
        problem.GetProperty("detail").GetString()!.ShouldContain("no PostgreSQL answers");
        await api.GetProblemAsync("/api/runs/r1/ledger", HttpStatusCode.ServiceUnavailable);
        await api.GetProblemAsync("/api/runs/r1/events", HttpStatusCode.ServiceUnavailable);
        using (var latest = await api.Client.GetAsync("/api/devices/d/latest", Cancellation))
            latest.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        (await api.Client.GetAsync("/health/live", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await api.Client.GetAsync("/", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.OK);

        await server.StartAgainAsync(Cancellation);
        await UntilEventAsync(events, "idle");
        await Eventually.UntilAsync(async () => (await api.ReadyAsync()).Status == HttpStatusCode.OK, "readiness after the database has come back");
        await api.GetAsync("/api/runs");
        await events.DisposeAsync();
    }

    [Fact]
    public async Task A_wrong_password_and_a_missing_schema_are_told_apart()
    {
        await using var server = await PostgresServer.StartAsync(Cancellation);
        var database = await server.CreateDatabaseAsync(Cancellation);
        await using (var api = await QueryApiHost.StartAsync(database))
        {
            var (status, text) = await api.ReadyAsync();
            status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            text.ShouldContain("run `Ingest migrate`");
        }

        var wrong = new NpgsqlConnectionStringBuilder(database) { Password = "wrong-one" }.ConnectionString;
        await using (var api = await QueryApiHost.StartAsync(wrong))
        {
            var (status, text) = await api.ReadyAsync();
            status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            text.ShouldContain("password");
            text.ShouldNotContain("wrong-one");
        }
    }

    [Fact]
    public async Task A_missing_connection_string_is_named_at_start()
    {
        var error = await Should.ThrowAsync<OptionsValidationException>(() => QueryApiHost.StartAsync(""));
        error.Failures.Single().ShouldContain("ConnectionStrings:telemetry");
    }

    private static async Task UntilEventAsync(IAsyncEnumerator<SseItem<string>> events, string type)
    {
        while (await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation))
        {
            if (events.Current.EventType == type) return;
        }

        throw new EndOfStreamException($"The stream ended before an event of type '{type}'.");
    }
}
