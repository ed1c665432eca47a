using Npgsql;
using Shouldly;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class OutageTests(StoreServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A statement trigger fails COPY and INSERT alike, as the server itself would.</summary>
    private const string MakeTrouble =
        """
        CREATE SEQUENCE attempts;
        CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('attempts'); RAISE EXCEPTION 'trouble' USING ERRCODE = '{0}'; END $$;
        CREATE TRIGGER trouble BEFORE INSERT ON readings FOR EACH STATEMENT EXECUTE FUNCTION trouble();
        """;

    [Theory]
    [InlineData("40001", "look at the server's log")]
    [InlineData("40P01", "look at the server's log")]
    [InlineData("08006", "look at the server's log")]
    [InlineData("53100", "free space on the database's disk")]
    [InlineData("53200", "give the database more memory, or stop what takes it")]
    [InlineData("57P01", "the server stops; start it again")]
    [InlineData("25006", "the server is read-only; point ConnectionStrings:telemetry at the primary")]
    [InlineData("XX000", "look at the server's log")]
    public async Task Trouble_that_passes_is_waited_for_and_told_once(string sqlState, string wayOut)
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 10), Cancellation);
        await store.ExecuteAsync(MakeTrouble.Replace("{0}", sqlState));

        var writing = writer.WriteAsync(store.Batch(0, 100), Cancellation).AsTask();
        await Eventually.UntilAsync(() => store.Log.Warnings.Count > 0, "a line that says what is wrong");
        await Eventually.UntilAsync(async () => (long)(await store.QueryAsync("SELECT last_value FROM attempts"))[0] >= 5, "five attempts");
        writing.IsCompleted.ShouldBeFalse();
        writer.Health.State.ShouldBe(StorageState.Away);
        writer.Health.SqlState.ShouldBe(sqlState);
        await store.ExecuteAsync("DROP TRIGGER trouble ON readings");

        (await writing).ShouldBe(new BatchResult(90, 10, 0));
        writer.Health.State.ShouldBe(StorageState.Ready);
        store.Log.Warnings.ShouldBe([$"Storing waits, nothing is lost: {sqlState} trouble: {wayOut}."]);
        store.Log.Information.Count.ShouldBe(1);
        (await store.CountAsync("dead_letters")).ShouldBe(0);
        (await store.ProgressAsync()).ShouldBe("110/100/10/0");
    }

    [Fact]
    public async Task Trouble_that_the_next_attempt_mends_is_not_told()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 10), Cancellation);
        await store.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

        (await writer.WriteAsync(store.Batch(10, 10), Cancellation)).ShouldBe(new BatchResult(10, 0, 0));

        store.Log.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_waited_for()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.ExecuteAsync(
            """
            CREATE ROLE late LOGIN PASSWORD 'old';
            GRANT ALL ON ALL TABLES IN SCHEMA public TO late; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO late
            """);
        try
        {
            var writer = store.Writer(connection: Like(store, settings => (settings.Username, settings.Password) = ("late", "new")));
            await AssertNotReadyAsync(
                store, writer, "28P01", () => store.ExecuteAsync("ALTER ROLE late PASSWORD 'new'"),
                "28P01 password authentication failed for user \"late\": correct user late or password in ConnectionStrings:telemetry "
                + "(environment ConnectionStrings__telemetry)");
            await writer.DisposeAsync();
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await store.ExecuteAsync("DROP OWNED BY late; DROP ROLE late");
        }
    }

    [Fact]
    public async Task A_missing_database_is_told_and_waited_for()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        var writer = store.Writer(connection: Like(store, settings => settings.Database = "comes_later"));
        await using var other = new Store(server.Postgres.ConnectionString);
        await AssertNotReadyAsync(
            store, writer, "3D000", () => other.ExecuteAsync("CREATE DATABASE comes_later TEMPLATE migrated"),
            "3D000 database \"comes_later\" does not exist: create the database comes_later, then run `Ingest migrate`");
    }

    [Fact]
    public async Task Missing_tables_are_told_and_waited_for()
    {
        var database = await server.Postgres.CreateDatabaseAsync(Cancellation);
        var name = new NpgsqlConnectionStringBuilder(database).Database;
        await using var store = new Store(database);
        await AssertNotReadyAsync(
            store, store.Writer(), "42P01", () => Migrator.MigrateAsync(database, store.Log, Cancellation),
            $"42P01 relation \"series\" does not exist: the database {name} does not have this version's tables; run `Ingest migrate`");
    }

    [Fact]
    public async Task A_database_made_anew_behind_a_running_writer_gets_its_own_keys()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 100), Cancellation);
        await store.ExecuteAsync(
            """
            TRUNCATE series, runs, readings, run_progress; INSERT INTO runs (id, name) VALUES (0, '0');
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            """);

        (await writer.WriteAsync(store.Batch(0, 100), Cancellation)).ShouldBe(new BatchResult(100, 0, 0));

        (await store.CountAsync("readings JOIN series ON series.id = series_id JOIN runs ON runs.id = run_id")).ShouldBe(100);
    }

    [Theory]
    [InlineData(AtCommit.CutAnswer)]
    [InlineData(AtCommit.CutRequest)]
    public async Task A_commit_whose_outcome_is_unknown_is_stored_once_and_counted_once(AtCommit cut)
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        await using var proxy = ProxyTo(database);
        var writer = store.Writer(connection: Like(store, settings => settings.Port = proxy.Port));
        await writer.WriteAsync(store.Batch(0, 50), Cancellation);
        proxy.Plan.Enqueue(cut);
        proxy.Plan.Enqueue(cut);
        var batch = store.Batch(0, 200);
        batch.DeadLetters.Add(new DeadLetter(batch.AddMessage("a/b"u8, "junk"u8), "no number", null, null, null, 0));

        (await writer.WriteAsync(batch, Cancellation)).ShouldBe(new BatchResult(150, 50, 0));
        (await writer.WriteAsync(store.Batch(200, 50), Cancellation)).ShouldBe(new BatchResult(50, 0, 0));

        (await store.CountAsync("readings")).ShouldBe(250);
        (await store.QueryAsync("SELECT count FROM dead_letters")).ShouldBe([1L]);
        (await store.ProgressAsync()).ShouldBe("300/250/50/0");
        (await store.ProgressAsync("0")).ShouldBe("0/0/0/1");
    }

    [Fact]
    public async Task A_commit_that_happens_while_its_batch_is_written_again_is_stored_once_and_counted_once()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        await using var proxy = ProxyTo(database);
        var writer = store.Writer(connection: Like(store, settings => settings.Port = proxy.Port));
        await writer.WriteAsync(store.Batch(0, 10), Cancellation);
        proxy.Plan.Enqueue(AtCommit.Delay);

        var writing = writer.WriteAsync(store.Batch(10, 200), Cancellation).AsTask();
        await Eventually.UntilAsync(async () => await store.CountAsync("pg_locks WHERE NOT granted") > 0, "the second attempt to wait for the first");
        proxy.PassDelayed();

        (await writing).ShouldBe(new BatchResult(200, 0, 0));
        (await store.CountAsync("readings")).ShouldBe(210);
        (await store.ProgressAsync()).ShouldBe("210/210/0/0");
    }

    [Fact]
    public async Task A_batch_that_is_stopped_in_the_middle_leaves_nothing_and_the_writer_usable()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 10), Cancellation);
        await using var connection = await store.Source.OpenConnectionAsync(Cancellation);
        await using var holding = await connection.BeginTransactionAsync(Cancellation);
        await using var hold = new NpgsqlCommand("LOCK TABLE run_progress IN ACCESS EXCLUSIVE MODE", connection);
        await hold.ExecuteNonQueryAsync(Cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var writing = writer.WriteAsync(store.Batch(10, 100), stop.Token).AsTask();
        await Eventually.UntilAsync(async () => await store.CountAsync("pg_locks WHERE NOT granted") > 0, "the batch to wait in its last statement");
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => writing);
        await holding.RollbackAsync(Cancellation);
        (await writer.WriteAsync(store.Batch(10, 50), Cancellation)).ShouldBe(new BatchResult(50, 0, 0));
        (await store.CountAsync("readings")).ShouldBe(60);
        (await store.ProgressAsync()).ShouldBe("60/60/0/0");
    }

    [Fact]
    public async Task Waiting_for_the_database_ends_when_it_is_stopped()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer(connection: Like(store, settings => settings.Port = 1));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var writing = writer.WriteAsync(store.Batch(0, 10), stop.Token).AsTask();
        await Eventually.UntilAsync(() => writer.Health.State == StorageState.Away, "the writer to find nobody");
        writer.Health.Line.ShouldStartWith("no PostgreSQL answers on 127.0.0.1:1 (connection refused): start it, or correct ConnectionStrings:telemetry");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task A_probe_says_what_is_missing()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var options = new StorageOptions();
        (await new DatabaseProbe(store.Source, options).CheckAsync(Cancellation)).ShouldBeNull();

        await using var nobody = StorageRegistration.CreateDataSource(Like(store, settings => settings.Port = 1), "tally-test", 1);
        (await new DatabaseProbe(nobody, options).CheckAsync(Cancellation)).ShouldNotBeNull().ShouldStartWith("no PostgreSQL answers on 127.0.0.1:1");

        await using var empty = StorageRegistration.CreateDataSource(await server.Postgres.CreateDatabaseAsync(Cancellation), "tally-test", 1);
        (await new DatabaseProbe(empty, options).CheckAsync(Cancellation)).ShouldNotBeNull().ShouldEndWith("run `Ingest migrate`");
    }

    private static async Task AssertNotReadyAsync(Store store, BatchWriter writer, string sqlState, Func<Task> mend, string line)
    {
        var opening = writer.OpenAsync(Cancellation);
        await Eventually.UntilAsync(() => store.Log.Warnings.Count > 0, "a line that says what is wrong");
        writer.Health.State.ShouldBe(StorageState.NotReady);
        writer.Health.SqlState.ShouldBe(sqlState);
        writer.Health.Line.ShouldBe(line);
        opening.IsCompleted.ShouldBeFalse();

        await mend();
        await opening;
        writer.Health.State.ShouldBe(StorageState.Ready);
        (await writer.WriteAsync(store.Batch(0, 10), Cancellation)).ShouldBe(new BatchResult(10, 0, 0));
        writer.LastCommit.ShouldNotBeNull();
        store.Log.Warnings.ShouldBe([$"Storing waits, nothing is lost: {line}."]);
    }

    private static CuttingProxy ProxyTo(string database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        return new CuttingProxy(settings.Host!, settings.Port);
    }

    private static string Like(Store store, Action<NpgsqlConnectionStringBuilder> change)
    {
        var settings = new NpgsqlConnectionStringBuilder(store.ConnectionString);
        change(settings);
        return settings.ConnectionString;
    }
}
