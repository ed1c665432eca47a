using System.Text;
using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class DuplicateTests(StoreServer server)
{
    [Fact]
    public async Task A_batch_is_stored_whole_with_its_values()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, value: 23.51);
        store.Add(batch, "d1", 2, value: double.NaN, text: "Temperature: NaN°C");
        store.Add(batch, "d2", 1, value: -0.25, at: Store.Start + 1);

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(3, 0, 0));

        var rows = await store.QueryAsync(
            """
            SELECT concat_ws('|', device, series.metric, series.unit, name, seq, extract(epoch FROM at), value, raw_text,
                now() - received_at < interval '1 minute')
            FROM readings JOIN series ON series.id = series_id JOIN runs ON runs.id = run_id ORDER BY device, seq
            """);
        rows.ShouldBe(
        [
            "d1|temperature|Cel|r1|1|1795165201.000000|23.51|t",
            "d1|temperature|Cel|r1|2|1795165202.000000|NaN|Temperature: NaN°C|t",
            "d2|temperature|Cel|r1|1|1795165200.000001|-0.25|t",
        ]);
        (await store.ProgressAsync()).ShouldBe("3/3/0/0");
    }

    [Fact]
    public async Task A_duplicate_in_one_batch_is_stored_once()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = store.Batch(0, 100);
        for (var i = 0; i < 40; i++) store.Add(batch, $"d{i % 10}", i / 10 + 1);

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(100, 40, 0));

        (await store.CountAsync("readings")).ShouldBe(100);
        (await store.ProgressAsync()).ShouldBe("140/100/40/0");
    }

    [Fact]
    public async Task The_same_identity_with_another_value_is_a_conflict_whether_it_comes_in_one_batch_or_later()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, value: 1);
        store.Add(batch, "d1", 1, value: 2);
        store.Add(batch, "d2", 1, value: double.NaN);
        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(2, 0, 1));

        var later = new ReadingBatch(4);
        store.Add(later, "d1", 1, value: 1);
        store.Add(later, "d1", 1, value: 3);
        store.Add(later, "d2", 1, value: double.NaN);
        store.Add(later, "d2", 2, value: 5);
        (await store.Writer().WriteAsync(later, Store.Cancellation)).ShouldBe(new BatchResult(1, 2, 1));

        (await store.QueryAsync("SELECT value FROM readings ORDER BY series_id, seq")).ShouldBe([1.0, double.NaN, 5.0]);
        (await store.QueryAsync("SELECT concat_ws('|', split_part(reason, ': ', 2), count) FROM dead_letters")).ShouldBe(["1, not 3|2"]); // of one message, here
        (await store.ProgressAsync()).ShouldBe("7/3/2/2");
    }

    [Fact]
    public async Task A_conflict_in_a_batch_of_its_own_is_found_too()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var (first, second) = (new ReadingBatch(4), new ReadingBatch(4));
        store.Add(first, "d1", 1, value: 1);
        store.Add(second, "d1", 1, value: 2);
        await store.Writer().WriteAsync(first, Store.Cancellation);

        (await store.Writer().WriteAsync(second, Store.Cancellation)).ShouldBe(new BatchResult(0, 0, 1));
        second.Readings[0].Refused.ShouldBe("a conflict, its identity and time are stored with another value: 1, not 2");
    }

    [Fact]
    public async Task A_reading_that_is_known_is_a_duplicate()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var first = new ReadingBatch(4);
        store.Add(first, "d1", 1, at: Store.Start, value: 1);
        await store.Writer().WriteAsync(first, Store.Cancellation);

        var again = new ReadingBatch(8);
        store.Add(again, "d1", 2, at: Store.Start, value: 1);
        store.Add(again, "d1", 3, at: Store.Start, value: 2);
        store.Add(again, "d1", 4, at: Store.Start + 1, value: 1);
        store.Add(again, "d1", 5, at: Store.Start + 2, value: 7);
        store.Add(again, "d2", 6, at: Store.Start, value: 1);
        for (var i = 0; i < 5; i++) again.Readings[i].KnownIf = i < 3 ? KnownIf.SameTime : KnownIf.AnyOfSeries;

        (await store.Writer().WriteAsync(again, Store.Cancellation)).ShouldBe(new BatchResult(3, 2, 0));
        (await store.QueryAsync("SELECT seq FROM readings ORDER BY seq")).ShouldBe([1L, 3L, 4L, 6L]);
    }

    [Fact]
    public async Task Names_that_look_alike_are_one_series_and_units_tell_series_apart()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        store.Add(batch, "caf\u00e9", 1);
        store.Add(batch, "cafe\u0301", 2);
        batch.Add(batch.Readings[0] with { Series = store.Catalog.GetSeries(Encoding.UTF8.GetBytes("caf\u00e9"), batch.Readings[0].Series.Metric.Span, "K"u8), Seq = 3 });

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).Stored.ShouldBe(3);

        (await store.QueryAsync("SELECT concat_ws('|', device, unit, count(*)) FROM series JOIN readings ON series_id = id GROUP BY device, unit ORDER BY count(*)")).ShouldBe(["café|K|1", "café|Cel|2"]);
    }

    [Fact]
    public async Task A_source_makes_as_many_series_as_it_may()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(16);
        store.Add(batch, "known", 1);
        var origin = new SeriesOrigin("home/x", "seeds", MaxSeries: 3);
        for (var i = 0; i < 5; i++) batch.Add(batch.Readings[0] with { Series = store.Catalog.GetSeries(Encoding.UTF8.GetBytes($"d{i}"), "t"u8, ""u8, origin), Seq = i + 2 });
        var writer = store.Writer();

        (await writer.WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(4, 0, 2));

        writer.FullSource.ShouldBe("source 'seeds' has 3 series, as many as it may (MaxSeries)");
        (await store.QueryAsync("SELECT DISTINCT concat_ws('|', reason, source) FROM dead_letters")).ShouldBe(["too many series: source 'seeds' has 3 series, as many as it may (MaxSeries)|seeds"]);
    }

    [Fact]
    public async Task One_identity_with_two_times_is_two_rows()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        store.Add(batch, "d1", 1, at: Store.Start);
        store.Add(batch, "d1", 1, at: Store.Start + 1);

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(2, 0, 0));
    }

    [Fact]
    public async Task A_duplicate_in_a_later_batch_is_stored_once()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 500), Store.Cancellation);

        (await writer.WriteAsync(store.Batch(300, 400), Store.Cancellation)).ShouldBe(new BatchResult(200, 200, 0));
        (await writer.WriteAsync(store.Batch(300, 400), Store.Cancellation)).ShouldBe(new BatchResult(0, 400, 0));
        (await writer.WriteAsync(store.Batch(700, 10), Store.Cancellation)).ShouldBe(new BatchResult(10, 0, 0));

        (await store.CountAsync("readings")).ShouldBe(710);
        (await store.ProgressAsync()).ShouldBe("1310/710/600/0");
    }

    [Fact]
    public async Task One_row_that_is_there_already_leaves_the_others_of_its_batch_stored()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(555, 1), Store.Cancellation);

        (await writer.WriteAsync(store.Batch(0, 1000), Store.Cancellation)).ShouldBe(new BatchResult(999, 1, 0));

        (await store.CountAsync("readings")).ShouldBe(1000);
    }

    [Fact]
    public async Task A_duplicate_after_a_restart_is_stored_once_and_counted_for_both_lives()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await using (var before = store.Writer()) await before.WriteAsync(store.Batch(0, 100), Store.Cancellation);

        store.Restart();
        (await store.Writer().WriteAsync(store.Batch(50, 100), Store.Cancellation)).ShouldBe(new BatchResult(50, 50, 0));

        (await store.CountAsync("readings")).ShouldBe(150);
        (await store.CountAsync("series")).ShouldBe(10);
        (await store.ProgressAsync()).ShouldBe("200/150/50/0");
    }

    [Fact]
    public async Task Counts_are_kept_for_each_run_of_a_batch()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 10, "r1"), Store.Cancellation);
        var batch = store.Batch(0, 20, "r1");
        for (var i = 1; i <= 5; i++) store.Add(batch, "d1", i, run: "r2");
        batch.Received[store.Catalog.GetRun("r3"u8)] = 7; // received, thrown away

        (await writer.WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(15, 10, 0));

        (await store.ProgressAsync("r1")).ShouldBe("30/20/10/0");
        (await store.ProgressAsync("r2")).ShouldBe("5/5/0/0");
        (await store.ProgressAsync("r3")).ShouldBe("7/0/0/0");
    }

    [Fact]
    public async Task A_batch_leaves_its_readings_sorted_and_can_be_used_again()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        var batch = store.Batch(0, 100);
        await writer.WriteAsync(batch, Store.Cancellation);
        var order = batch.Readings.ToArray().Select(reading => (reading.Series.Id, reading.Seq)).ToList();
        order.ShouldBe(order.Order());

        batch.Clear();
        store.Add(batch, "d1", 999);
        (await writer.WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(1, 0, 0));
        (await store.CountAsync("readings")).ShouldBe(101);
    }

    [Fact]
    public async Task Two_writers_with_the_same_readings_store_each_once()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(async number =>
        {
            // Each with series and runs of its own in memory, as processes have them.
            await using var other = new Store(database);
            var writer = other.Writer($"ingest-{number}");
            var total = new BatchResult();
            for (var round = 0; round < 20; round++)
            {
                var result = await writer.WriteAsync(other.Batch(round * 200, 250), Store.Cancellation);
                total = new BatchResult(total.Stored + result.Stored, total.Duplicates + result.Duplicates, total.Refused + result.Refused);
            }

            return total;
        }));

        (await store.CountAsync("readings")).ShouldBe(4050);
        (await store.CountAsync("series")).ShouldBe(10);
        results.Sum(result => result.Stored).ShouldBe(4050);
        results.Sum(result => result.Stored + result.Duplicates).ShouldBe(4 * 20 * 250);
        (await store.ProgressAsync()).ShouldBe($"20000/4050/{20000 - 4050}/0");
    }
}
