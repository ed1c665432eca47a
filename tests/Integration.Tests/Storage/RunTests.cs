using Shouldly;
using Tally.Contracts;
using Tally.Storage;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class RunTests(StoreServer server)
{
    private const string Row =
        """
        SELECT concat_ws('|', name, state, expected, published, devices, metric, unit, qos, source, seed, extract(epoch FROM start_at), step_microseconds,
            finished_at IS NOT NULL)
        FROM runs WHERE name <> '0'
        """;

    private static readonly RunAnnouncement Started = new()
    {
        Run = "r1", State = RunState.Started, Expected = 1000, Devices = 10, Metric = "temperature", Unit = "Cel", Qos = 1, Source = "synthetic",
        Seed = 42, Start = new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.FromHours(1)), StepMicroseconds = 1_000_000,
    };

    private static readonly RunAnnouncement Finished = Started with { State = RunState.Finished, Published = 990 };

    [Fact]
    public async Task A_run_is_started_and_then_finished()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(Batch(Started), Store.Cancellation);
        (await store.QueryAsync(Row)).ShouldBe(["r1|1|1000|10|temperature|Cel|1|synthetic|42|1795161600.000000|1000000|f"]);

        await writer.WriteAsync(Batch(Finished), Store.Cancellation);
        (await store.QueryAsync(Row)).ShouldBe(["r1|2|1000|990|10|temperature|Cel|1|synthetic|42|1795161600.000000|1000000|t"]);
    }

    [Fact]
    public async Task A_run_whose_end_arrives_before_its_start_is_finished()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(Batch(Finished), Store.Cancellation);
        await writer.WriteAsync(Batch(Started), Store.Cancellation);
        (await store.QueryAsync(Row)).ShouldBe(["r1|2|1000|990|10|temperature|Cel|1|synthetic|42|1795161600.000000|1000000|t"]);
    }

    [Fact]
    public async Task Both_in_one_batch_in_the_wrong_order_is_a_finished_run()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.Writer().WriteAsync(Batch(Finished, Started), Store.Cancellation);
        (await store.QueryAsync("SELECT state FROM runs WHERE name = 'r1'")).ShouldBe([(short)2]);
    }

    [Fact]
    public async Task A_finish_that_comes_again_keeps_the_time_of_the_first()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(Batch(Finished), Store.Cancellation);
        var first = await store.QueryAsync("SELECT finished_at FROM runs WHERE name = 'r1'");
        await writer.WriteAsync(Batch(Finished), Store.Cancellation);
        (await store.QueryAsync("SELECT finished_at FROM runs WHERE name = 'r1'")).ShouldBe(first);
    }

    [Fact]
    public async Task A_reading_makes_its_run_and_the_announcement_completes_it()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        await writer.WriteAsync(store.Batch(0, 10), Store.Cancellation);
        (await store.QueryAsync(Row)).ShouldBe(["r1|0|f"]);

        var batch = store.Batch(10, 10);
        batch.Announcements.Add(Started);
        await writer.WriteAsync(batch, Store.Cancellation);
        (await store.QueryAsync(Row)).ShouldBe(["r1|1|1000|10|temperature|Cel|1|synthetic|42|1795161600.000000|1000000|f"]);
        (await store.ProgressAsync()).ShouldBe("20/20/0/0");
    }

    [Fact]
    public async Task Nobody_can_announce_the_run_of_foreign_readings()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.Writer().WriteAsync(Batch(Finished with { Run = "0" }, Finished with { Run = "a\0b" }), Store.Cancellation);
        (await store.QueryAsync("SELECT state FROM runs")).ShouldBe([(short)0]);
    }

    [Fact]
    public async Task Foreign_readings_have_run_0()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        await store.Writer().WriteAsync(store.Batch(0, 10, run: "0"), Store.Cancellation);
        (await store.QueryAsync("SELECT DISTINCT run_id FROM readings")).ShouldBe([0]);
        (await store.ProgressAsync("0")).ShouldBe("10/10/0/0");
    }

    [Fact]
    public async Task Every_life_of_Ingest_has_a_number_of_its_own()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var lives = new IngestLives(store.Source);
        var first = await lives.NextLifeAsync(Store.Cancellation);
        var numbers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => lives.NextLifeAsync(Store.Cancellation)));
        numbers.Append(first).Distinct().Count().ShouldBe(21);
        numbers.ShouldAllBe(number => number > first);
    }

    private static ReadingBatch Batch(params RunAnnouncement[] announcements)
    {
        var batch = new ReadingBatch(4);
        batch.Announcements.AddRange(announcements);
        return batch;
    }
}
