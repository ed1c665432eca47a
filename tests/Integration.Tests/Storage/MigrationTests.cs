using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Tally.Contracts;
using Tally.Storage;
using Tally.Storage.Model;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class MigrationTests(StoreServer server)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Migrations_run_twice_and_at_the_same_time_from_several_places()
    {
        var database = await server.Postgres.CreateDatabaseAsync(Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Migrator.MigrateAsync(database, NullLogger.Instance, Cancellation)));
        await using var store = new Store(database);
        await store.Writer().WriteAsync(store.Batch(0, 10), Cancellation);

        await Migrator.MigrateAsync(database, NullLogger.Instance, Cancellation);

        (await store.CountAsync("readings")).ShouldBe(10);
        (await store.CountAsync("pg_inherits WHERE inhparent = 'readings'::regclass")).ShouldBe(10); // default, yesterday, today, 7 days ahead
        (await store.CountAsync("pg_locks WHERE locktype = 'advisory'")).ShouldBe(0);
    }

    [Fact]
    public async Task No_migration_is_missing_for_the_model()
    {
        var options = new DbContextOptionsBuilder<TelemetryDbContext>().UseNpgsql(await server.CreateMigratedAsync()).Options;
        await using var context = new TelemetryDbContext(options);
        context.Database.HasPendingModelChanges().ShouldBeFalse();
        (await context.Database.GetPendingMigrationsAsync(Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task EF_Core_reads_back_what_the_writer_wrote()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, value: 23.51, text: "23.51°C");
        batch.DeadLetters.Add(new DeadLetter(batch.AddMessage("a/b"u8, "junk"u8), "no number", null, null, null, 0));
        await store.Writer().WriteAsync(batch, Cancellation);

        await using var context = new TelemetryDbContext(new DbContextOptionsBuilder<TelemetryDbContext>().UseNpgsql(database).Options);
        var series = await context.Series.SingleAsync(Cancellation);
        var run = await context.Runs.SingleAsync(row => row.Name == "r1", Cancellation);
        var reading = await context.Readings.SingleAsync(Cancellation);
        var progress = await context.RunProgress.SingleAsync(row => row.RunId == run.Id, Cancellation);
        var letter = await context.DeadLetters.SingleAsync(Cancellation);

        (series.Device, series.Metric, series.Unit).ShouldBe(("d1", "temperature", "Cel"));
        (run.State, run.Expected).ShouldBe((RunState.Unannounced, null));
        (reading.SeriesId, reading.RunId, reading.Seq, reading.Value, reading.RawText).ShouldBe((series.Id, run.Id, 1, 23.51, "23.51°C"));
        reading.At.ShouldBe(DateTimeOffset.UnixEpoch.AddMicroseconds(Store.Start + 1_000_000));
        (progress.Instance, progress.Received, progress.Stored).ShouldBe(("ingest-0", 1, 1));
        (letter.Topic, letter.Reason, letter.Count, letter.MessageHash.Length).ShouldBe(("a/b", "no number", 1, 32));
    }

    [Fact]
    public async Task The_tables_are_as_the_model_says()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await using var context = new TelemetryDbContext(
            new DbContextOptionsBuilder<TelemetryDbContext>().UseNpgsql(await server.CreateMigratedAsync()).Options);
        foreach (var entity in context.Model.GetEntityTypes())
        {
            var columns = entity.GetProperties().Select(property =>
                $"{property.GetColumnName()} {property.GetColumnType()} {(property.IsNullable ? "YES" : "NO")}");
            var actual = await store.QueryAsync(
                $"SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NO' ELSE 'YES' END) FROM pg_attribute WHERE attrelid = '{entity.GetTableName()}'::regclass AND attnum > 0 AND NOT attisdropped");
            actual.Cast<string>().ShouldBe(columns, ignoreOrder: true, customMessage: entity.GetTableName());
            var indexes = entity.GetIndexes().Select(index => index.GetDatabaseName()!).Append(entity.FindPrimaryKey()!.GetName()!);
            var there = await store.QueryAsync($"SELECT indexname::text FROM pg_indexes WHERE tablename = '{entity.GetTableName()}'");
            there.Cast<string>().ShouldBe(indexes, ignoreOrder: true, customMessage: entity.GetTableName());
        }
    }

    [Fact]
    public async Task A_database_that_cannot_hold_every_text_is_refused_with_the_way_out()
    {
        await using var admin = new Store(server.Postgres.ConnectionString);
        await admin.ExecuteAsync("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
        var latin = new NpgsqlConnectionStringBuilder(server.Postgres.ConnectionString) { Database = "latin" }.ConnectionString;
        var error = await Should.ThrowAsync<PostgresException>(() => Migrator.MigrateAsync(latin, NullLogger.Instance, Cancellation));
        DatabaseErrors.Explain(error, latin)
            .ShouldBe("22P05 the database's encoding is LATIN1, which cannot hold every text: create the database latin anew with ENCODING 'UTF8'");
    }

    [Fact]
    public async Task A_default_partition_that_somebody_dropped_is_made_again()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        await store.ExecuteAsync("DROP TABLE readings_default");
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, at: 0);
        var writing = store.Writer().WriteAsync(batch, Cancellation).AsTask();
        await Eventually.UntilAsync(() => store.Log.Warnings.Count > 0, "a line that says what is wrong");
        store.Log.Warnings[0].ShouldEndWith("restore the partition readings_default, or run `Ingest migrate`.");

        await Migrator.MigrateAsync(database, NullLogger.Instance, Cancellation);

        (await writing).ShouldBe(new BatchResult(1, 0, 0));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_named_with_the_way_out()
    {
        var missing = new NpgsqlConnectionStringBuilder(server.Postgres.ConnectionString) { Database = "nowhere" }.ConnectionString;
        var error = await Should.ThrowAsync<PostgresException>(() => Migrator.MigrateAsync(missing, NullLogger.Instance, Cancellation));
        DatabaseErrors.Explain(error, missing).ShouldBe("3D000 database \"nowhere\" does not exist: create the database nowhere, then run `Ingest migrate`");
    }
}
