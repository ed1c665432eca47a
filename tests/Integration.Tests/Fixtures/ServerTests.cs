using Npgsql;
using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Fixtures;

public sealed class ServerTests
{
    [Fact]
    public async Task A_killed_PostgreSQL_comes_back_on_the_same_port_with_what_was_committed()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = await PostgresServer.StartAsync(cancel);
        var database = await server.CreateDatabaseAsync(cancel);
        await ExecuteAsync(database, "CREATE TABLE t(a int); INSERT INTO t VALUES (1)", cancel);

        await server.KillAsync();
        await server.StartAgainAsync(cancel);

        (await ExecuteAsync(database, "SELECT count(*) FROM t", cancel)).ShouldBe(1L);
        (await server.CreateDatabaseAsync(cancel)).ShouldNotBe(database);
    }

    [Fact]
    public async Task PostgreSQL_keeps_its_promises_about_disks_also_in_tests()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = await PostgresServer.StartAsync(cancel);
        (await ExecuteAsync(server.ConnectionString, "SHOW fsync", cancel)).ShouldBe("on");
        (await ExecuteAsync(server.ConnectionString, "SHOW synchronous_commit", cancel)).ShouldBe("on");
    }

    [Fact]
    public async Task Mosquitto_starts_with_every_user_and_again_after_being_killed_and_stopped()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = await MosquittoServer.StartAsync(cancel);
        server.AddressOf("ingest").ToString().ShouldBe($"mqtt://ingest:ingest-password@127.0.0.1:{server.Port}/");

        await server.KillAsync();
        await server.StartAgainAsync(cancel);
        await server.StopAsync();
        await server.StartAgainAsync(cancel, forget: true);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancel);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancel);
    }
}
