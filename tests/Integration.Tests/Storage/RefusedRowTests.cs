using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class RefusedRowTests(StoreServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_PostgreSQL_refuses_becomes_a_dead_letter_and_the_rest_is_stored(bool someAreThereAlready)
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        if (someAreThereAlready) await writer.WriteAsync(store.Batch(0, 100), Store.Cancellation);
        var duplicates = someAreThereAlready ? 100 : 0;
        var batch = store.Batch(0, 1000);
        store.Add(batch, "d3", 5000, text: "a\0b");
        store.Add(batch, "d7", 6000, text: "\0");
        store.Add(batch, "d7", 6001, text: "good");

        (await writer.WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(1001 - duplicates, duplicates, 2));

        var refused = batch.Readings.ToArray().Where(reading => reading.Refused is not null).Select(reading => reading.Seq);
        refused.ShouldBe([5000, 6000], ignoreOrder: true);
        (await store.CountAsync("readings")).ShouldBe(1001);
        var letters = await store.QueryAsync(
            """
            SELECT concat_ws('|', topic, convert_from(payload, 'UTF8'), reason, name, device, dead_letters.metric, seq, count)
            FROM dead_letters JOIN runs ON runs.id = run_id ORDER BY seq
            """);
        const string Reason = "PostgreSQL: 22021 invalid byte sequence for encoding \"UTF8\": 0x00";
        letters.ShouldBe(
        [
            $"telemetry/d3/temperature|r1 5000|{Reason}|r1|d3|temperature|5000|1",
            $"telemetry/d7/temperature|r1 6000|{Reason}|r1|d7|temperature|6000|1",
        ]);
        (await store.ProgressAsync()).ShouldBe(someAreThereAlready ? "1103/1001/100/2" : "1003/1001/0/2");
        store.Log.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_batch_of_nothing_but_refused_rows_is_committed_as_dead_letters()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        for (var i = 1; i <= 5; i++) store.Add(batch, "d1", i, text: "\0");

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(0, 0, 5));

        (await store.CountAsync("dead_letters")).ShouldBe(5);
    }

    [Fact]
    public async Task A_row_against_a_check_that_somebody_added_becomes_a_dead_letter()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.ExecuteAsync("ALTER TABLE readings ADD CONSTRAINT not_too_hot CHECK (value < 1000)");
        var batch = store.Batch(0, 100);
        store.Add(batch, "d1", 900, value: 1001);

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(100, 0, 1));

        (await store.QueryAsync("SELECT reason FROM dead_letters")).Single().ShouldBeOfType<string>().ShouldContain("23514");
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue + 946_684_800_000_000)] // what PostgreSQL reads as -infinity
    [InlineData(253_402_300_800_000_000)] // the year 10000
    public async Task A_time_that_no_reader_can_hold_becomes_a_dead_letter(long at)
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = store.Batch(0, 10);
        store.Add(batch, "d1", 900, at: at);

        (await store.Writer().WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(10, 0, 1));

        (await store.QueryAsync("SELECT seq FROM dead_letters")).ShouldBe([900L]);
    }

    [Fact]
    public async Task Readings_of_a_device_or_run_that_cannot_be_named_become_dead_letters()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = store.Batch(0, 10);
        store.Add(batch, "d\01", 1);
        store.Add(batch, new string('x', 300), 2);
        store.Add(batch, "d1", 3, run: "r\01");
        var writer = store.Writer();

        (await writer.WriteAsync(batch, Store.Cancellation)).ShouldBe(new BatchResult(10, 0, 3));
        (await writer.WriteAsync(store.Batch(10, 10), Store.Cancellation)).ShouldBe(new BatchResult(10, 0, 0));

        (await store.QueryAsync("SELECT concat_ws('|', seq, run_id = 0, reason) FROM dead_letters ORDER BY seq")).ShouldBe(
        [
            "1|f|its device contains NUL",
            "2|f|its device has 300 bytes, the store holds 255",
            "3|t|its run contains NUL",
        ]);
        (await store.CountAsync("series")).ShouldBe(10);
    }
}
