using Shouldly;
using Tally.Storage;
using Xunit;

namespace Tally.Integration.Tests.Storage;

[Collection(StoreCollection.Name)]
public sealed class DeadLetterTests(StoreServer server)
{
    [Fact]
    public async Task A_dead_letter_that_comes_again_counts_up()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var writer = store.Writer();
        for (var i = 0; i < 3; i++)
        {
            var batch = new ReadingBatch(4);
            Add(store, batch, "telemetry/d1/temperature", "junk");
            Add(store, batch, "telemetry/d1/temperature", "junk");
            Add(store, batch, "telemetry/d1/temperature", "other junk");
            await writer.WriteAsync(batch, Store.Cancellation);
        }

        var letters = await store.QueryAsync(
            """
            SELECT concat_ws('|', topic, convert_from(payload, 'UTF8'), reason, count, last_seen > first_seen)
            FROM dead_letters ORDER BY payload
            """);
        letters.ShouldBe(["telemetry/d1/temperature|junk|no number in it|6|t", "telemetry/d1/temperature|other junk|no number in it|3|t"]);
        (await store.ProgressAsync("0")).ShouldBe("0/0/0/9");
    }

    [Fact]
    public async Task Where_topic_ends_and_payload_begins_tells_dead_letters_apart()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        Add(store, batch, "a/b", "cd");
        Add(store, batch, "a/bc", "d");
        await store.Writer().WriteAsync(batch, Store.Cancellation);
        (await store.CountAsync("dead_letters")).ShouldBe(2);
    }

    [Fact]
    public async Task The_longest_topic_and_what_no_text_can_hold_are_kept()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var random = new Random(1);
        var topic = new byte[65_535];
        random.NextBytes(topic);
        var payload = new byte[300_000];
        random.NextBytes(payload);
        var batch = new ReadingBatch(4);
        var message = batch.AddMessage(topic, payload);
        batch.DeadLetters.Add(new DeadLetter(message, "no\0number", null, new string('ü', 5000), "m\0", 7));

        await store.Writer().WriteAsync(batch, Store.Cancellation);

        (await store.QueryAsync("SELECT payload FROM dead_letters")).Single().ShouldBe(payload);
        (await store.QueryAsync("SELECT concat_ws('|', reason, length(device), metric, seq) FROM dead_letters")).ShouldBe(["no\uFFFDnumber|127|m\uFFFD|7"]);
    }

    [Fact]
    public async Task A_flood_of_dead_letters_from_two_writers_is_counted_exactly()
    {
        var database = await server.CreateMigratedAsync();
        await using var store = new Store(database);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(async number =>
        {
            await using var other = new Store(database);
            var writer = other.Writer($"ingest-{number}");
            for (var round = 0; round < 5; round++)
            {
                var batch = new ReadingBatch(4);
                for (var i = 0; i < 250; i++) Add(other, batch, "telemetry/d1/temperature", $"junk {(number == 0 ? i : 249 - i)}");
                await writer.WriteAsync(batch, Store.Cancellation);
            }
        }));

        (await store.QueryAsync("SELECT DISTINCT count FROM dead_letters")).ShouldBe([10L]);
        (await store.CountAsync("dead_letters")).ShouldBe(250);
    }

    private static void Add(Store store, ReadingBatch batch, string topic, string payload)
    {
        var message = batch.AddMessage(System.Text.Encoding.UTF8.GetBytes(topic), System.Text.Encoding.UTF8.GetBytes(payload));
        batch.DeadLetters.Add(new DeadLetter(message, "no number in it", store.Catalog.Foreign, null, null, 0));
    }

    [Fact]
    public async Task Old_letters_and_those_beyond_the_limit_are_thrown_away_the_oldest_first()
    {
        await using var store = new Store(await server.CreateMigratedAsync());
        var batch = new ReadingBatch(4);
        for (var i = 1; i <= 4; i++)
        {
            var message = batch.AddMessage([(byte)('a' + i)], new byte[400_000]);
            batch.DeadLetters.Add(new DeadLetter(message, "no number", null, "d", "m", i));
        }

        await store.Writer().WriteAsync(batch, Store.Cancellation);
        await store.QueryAsync("UPDATE dead_letters SET last_seen = now() - seq * interval '1 day'");
        var letters = new DeadLetterQueries(store.Source);

        (await letters.ForgetAsync(new DeadLetterOptions { KeepFor = TimeSpan.FromDays(3.5) }, Store.Cancellation)).ShouldBe(1);
        (await letters.ForgetAsync(new DeadLetterOptions { KeepBytes = 1_000_000 }, Store.Cancellation)).ShouldBe(1);

        (await store.QueryAsync("SELECT seq FROM dead_letters ORDER BY seq")).ShouldBe([1L, 2L]);
    }
}
