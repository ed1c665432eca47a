using Shouldly;
using Tally.Ingest;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class PartitionTests(StoreServer server)
{
    private const long Day = 86_400_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Days_ahead_have_a_partition_and_a_reading_lies_in_its_day()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (today, now) = Now();
        var batch = new ReadingBatch(8);
        store.Add(batch, "d1", 1, at: now);
        store.Add(batch, "d1", 2, at: now + 7 * Day);
        store.Add(batch, "d1", 3, at: now + 8 * Day);
        await store.Writer().WriteAsync(batch, Cancellation);

        (await store.QueryAsync("SELECT tableoid::regclass::text FROM readings ORDER BY seq"))
            .ShouldBe([$"readings_{today:yyyyMMdd}", $"readings_{today.AddDays(7):yyyyMMdd}", "readings_default"]);
    }

    [Fact]
    public async Task Rows_that_wait_in_the_default_partition_move_when_theirs_is_made()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (today, now) = Now();
        var batch = new ReadingBatch(300);
        for (var i = 1; i <= 100; i++)
        {
            store.Add(batch, "d1", i, at: now + 9 * Day + i, text: $"row {i}");
            store.Add(batch, "d2", i, at: now + 8 * Day + i);
            store.Add(batch, "d3", i, at: now + 400 * Day + i);
        }

        var writer = store.Writer();
        await writer.WriteAsync(batch, Cancellation);
        const string Rows = "SELECT concat_ws('|', series_id, at, run_id, seq, received_at, value, raw_text) FROM readings ORDER BY series_id, at";
        var before = await store.QueryAsync(Rows);

        (await Keeper(store, ahead: 10).RunOnceAsync(Cancellation)).ShouldBe(new PartitionResult(3, 200, 0, 0));

        (await store.QueryAsync(Rows)).ShouldBe(before);
        (await store.CountAsync("readings_default")).ShouldBe(100);
        (await store.CountAsync($"readings_{today.AddDays(9):yyyyMMdd}")).ShouldBe(100);
        (await writer.WriteAsync(batch, Cancellation)).ShouldBe(new BatchResult(0, 300, 0));
        (await Keeper(store, ahead: 10).RunOnceAsync(Cancellation)).ShouldBe(default);
        var indexes = $"SELECT count(*) FROM pg_indexes WHERE tablename = 'readings_{today.AddDays(9):yyyyMMdd}'";
        (await store.QueryAsync(indexes)).ShouldBe([2L]);
    }

    [Fact]
    public async Task A_writer_that_is_busy_with_the_same_day_loses_nothing_while_its_partition_is_made()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (today, now) = Now();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var seq = 0;
        var stored = 0;
        var writing = Task.Run(async () =>
        {
            var writer = store.Writer();
            var batch = new ReadingBatch(200);
            while (!enough.IsCancellationRequested)
            {
                batch.Clear();
                for (var i = 0; i < 200; i++) store.Add(batch, "d1", ++seq, at: now + (8 + i % 20) * Day + seq);
                var result = await writer.WriteAsync(batch, Cancellation);
                result.ShouldBe(new BatchResult(200, 0, 0));
                Volatile.Write(ref stored, stored + result.Stored);
            }
        }, Cancellation);
        await Eventually.UntilAsync(() => Volatile.Read(ref stored) > 1000 || writing.IsCompleted, "the writer to be busy");

        var results = await Task.WhenAll(
            Keeper(store, ahead: 27, attempts: 100).RunOnceAsync(Cancellation), Keeper(store, ahead: 27, attempts: 100).RunOnceAsync(Cancellation));
        var afterwards = Volatile.Read(ref stored);
        await Eventually.UntilAsync(() => Volatile.Read(ref stored) > afterwards + 1000 || writing.IsCompleted, "the writer to go on");
        await enough.CancelAsync();
        await writing;

        results.Sum(result => result.Made).ShouldBe(20);
        (await store.CountAsync("readings")).ShouldBe(seq);
        (await store.CountAsync("readings_default")).ShouldBe(0);
        (await store.CountAsync("dead_letters")).ShouldBe(0);
    }

    [Fact]
    public async Task A_writer_that_waits_with_a_row_of_the_new_day_stores_it_there()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (today, now) = Now();
        var name = $"readings_{today.AddDays(8):yyyyMMdd}";
        var bounds = $"FROM ('{today.AddDays(8):yyyy-MM-dd} 00:00+00') TO ('{today.AddDays(9):yyyy-MM-dd} 00:00+00')";
        await using var connection = await store.Source.OpenConnectionAsync(Cancellation);
        await using var making = await connection.BeginTransactionAsync(Cancellation);
        await using var attach = new Npgsql.NpgsqlCommand(
            $"CREATE TABLE {name} (LIKE readings INCLUDING DEFAULTS); ALTER TABLE readings ATTACH PARTITION {name} FOR VALUES {bounds}", connection);
        await attach.ExecuteNonQueryAsync(Cancellation);
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, at: now + 8 * Day);

        var writing = store.Writer().WriteAsync(batch, Cancellation).AsTask();
        await Eventually.UntilAsync(
            async () => await store.CountAsync("pg_locks WHERE NOT granted AND relation = 'readings_default'::regclass") == 1,
            "the writer to wait for the default partition");
        await making.CommitAsync(Cancellation);

        (await writing).ShouldBe(new BatchResult(1, 0, 0));
        (await store.CountAsync(name)).ShouldBe(1);
        (await store.CountAsync("dead_letters")).ShouldBe(0);
    }

    [Fact]
    [Trait("Needs", "lock_timeout")] // which does not fire under faketime
    public async Task A_day_whose_tables_are_held_is_left_for_later_and_storing_goes_on()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await using var connection = await store.Source.OpenConnectionAsync(Cancellation);
        await using (var holding = await connection.BeginTransactionAsync(Cancellation))
        {
            await using var hold = new Npgsql.NpgsqlCommand("LOCK TABLE readings_default IN ROW EXCLUSIVE MODE", connection);
            await hold.ExecuteNonQueryAsync(Cancellation);

            (await Keeper(store, ahead: 8, attempts: 2).RunOnceAsync(Cancellation)).ShouldBe(default);

            store.Log.Warnings.Count.ShouldBe(1);
            (await store.Writer().WriteAsync(store.Batch(0, 10), Cancellation)).ShouldBe(new BatchResult(10, 0, 0));
        }

        (await Keeper(store, ahead: 8).RunOnceAsync(Cancellation)).Made.ShouldBe(1);
    }

    [Fact]
    public async Task Days_over_retention_are_dropped_and_the_default_partition_goes_by_arrival()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (today, now) = Now();
        var past = new FixedTime(today.AddDays(-30));
        await new PartitionKeeper(store.Source, new PartitionOptions { DaysAhead = 5 }, past, store.Log).RunOnceAsync(Cancellation);
        var batch = new ReadingBatch(8);
        store.Add(batch, "d1", 1, at: now - 30 * Day);
        store.Add(batch, "d1", 2, at: now);
        store.Add(batch, "d2", 1, at: now - 400 * Day); // arrives today, so it stays
        store.Add(batch, "d2", 2, at: now + 400 * Day);
        await store.Writer().WriteAsync(batch, Cancellation);
        await store.ExecuteAsync("UPDATE readings_default SET received_at = now() - interval '40 days' WHERE seq = 2");

        var keeper = new PartitionKeeper(store.Source, new PartitionOptions { RetentionDays = 14 }, TimeProvider.System, store.Log);
        (await keeper.RunOnceAsync(Cancellation)).ShouldBe(new PartitionResult(0, 0, 7, 1));

        (await store.QueryAsync("SELECT concat_ws('|', device, seq) FROM readings JOIN series ON id = series_id ORDER BY 1")).ShouldBe(["d1|2", "d2|1"]);
        (await keeper.RunOnceAsync(Cancellation)).ShouldBe(default);
    }

    [Fact]
    public async Task A_timer_that_finds_no_tables_looks_again_soon_and_not_only_after_its_interval()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.ExecuteAsync("ALTER TABLE readings RENAME TO elsewhere");
        var options = new PartitionOptions { DaysAhead = 9, Interval = TimeSpan.FromDays(1), RetryInterval = TimeSpan.FromMilliseconds(20) };
        var keeper = new PartitionKeeper(store.Source, options, TimeProvider.System, store.Log);
        using var timer = new PartitionTimer(keeper, options, new DeadLetterOptions(), store.Source, TimeProvider.System, store.Log);
        await timer.StartAsync(Cancellation);
        await Eventually.UntilAsync(() => store.Log.Warnings.Any(line => line.StartsWith("Partitions are looked after again in 00:00:00.02", StringComparison.Ordinal)), "a line that says so");

        await store.ExecuteAsync("ALTER TABLE elsewhere RENAME TO readings");

        var made = $"SELECT count(*) FROM pg_class WHERE relname = 'readings_{Now().Today.AddDays(9):yyyyMMdd}'";
        await Eventually.UntilAsync(async () => (long)(await store.QueryAsync(made))[0] == 1, "the partition nine days ahead");
        await timer.StopAsync(Cancellation);
    }

    private static PartitionKeeper Keeper(Store store, int ahead, int attempts = 10) =>
        new(
            store.Source,
            new PartitionOptions { DaysAhead = ahead, LockTimeout = TimeSpan.FromMilliseconds(50), Attempts = attempts },
            TimeProvider.System,
            store.Log);

    private static (DateOnly Today, long Now) Now()
    {
        var now = DateTime.UtcNow.Date.AddHours(12); // so that a test cannot run over midnight by its own readings
        return (DateOnly.FromDateTime(now), (now - DateTime.UnixEpoch).Ticks / 10);
    }

    private sealed class FixedTime(DateOnly day) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(day, default, TimeSpan.Zero);
    }
}
