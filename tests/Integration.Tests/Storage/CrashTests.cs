using Shouldly;
using Tally.Storage;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Storage;

public sealed class CrashTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_that_is_killed_again_and_again_in_the_middle_of_batches_has_every_reading_once()
    {
        const int Size = 1000;
        await using var postgres = await PostgresServer.StartAsync(Cancellation);
        var database = await postgres.CreateDatabaseAsync(Cancellation);
        await using var store = new Store(database);
        await Migrator.MigrateAsync(database, store.Log, Cancellation);
        var writer = store.Writer();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var batches = 0;
        var writing = Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                (await writer.WriteAsync(store.Batch(batches * Size, Size), Cancellation)).ShouldBe(new BatchResult(Size, 0, 0));
                Interlocked.Increment(ref batches);
            }
        }, Cancellation);

        for (var kill = 0; kill < 4; kill++)
        {
            var before = Volatile.Read(ref batches);
            await Eventually.UntilAsync(() => Volatile.Read(ref batches) > before + 3 || writing.IsCompleted, "batches to be committed");
            if (kill % 2 == 0) await postgres.KillAsync();
            else await postgres.StopAsync();
            await Eventually.UntilAsync(() => writer.Health.State == StorageState.Away || writing.IsCompleted, "the writer to notice");
            await postgres.StartAgainAsync(Cancellation);
        }

        await enough.CancelAsync();
        await writing;
        (await store.CountAsync("readings")).ShouldBe(batches * Size);
        (await store.ProgressAsync()).ShouldBe($"{batches * Size}/{batches * Size}/0/0");
        (await store.CountAsync("dead_letters")).ShouldBe(0);
    }
}
