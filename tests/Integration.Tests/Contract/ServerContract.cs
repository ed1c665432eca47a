using Npgsql;
using Shouldly;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Contract;

/// <summary>
/// What tests take for granted of the servers they break. The classes of this folder are compiled into Containers.Tests too, where the
/// servers are containers; here they are processes.
/// </summary>
public abstract class ServerContract
{
    private protected abstract Task<IPostgres> StartPostgresAsync(CancellationToken cancellationToken);

    private protected abstract Task<IMosquitto> StartMosquittoAsync(CancellationToken cancellationToken);

    [Fact]
    public async Task A_killed_PostgreSQL_comes_back_on_the_same_port_with_what_was_committed()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = await StartPostgresAsync(cancel);
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
        await using var server = await StartPostgresAsync(cancel);
        (await ExecuteAsync(server.ConnectionString, "SHOW fsync", cancel)).ShouldBe("on");
        (await ExecuteAsync(server.ConnectionString, "SHOW synchronous_commit", cancel)).ShouldBe("on");
    }

    [Fact]
    public async Task Mosquitto_starts_with_every_user_and_again_after_being_killed_and_stopped()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var server = await StartMosquittoAsync(cancel);
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
