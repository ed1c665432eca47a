using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Storing;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class FlushTests : IDisposable
{
    private readonly Receiver _receiver = new(new IngestOptions { BatchSize = 10, Batches = 2, BatchTime = TimeSpan.FromMilliseconds(20) });

    private TimeSpan BatchTime => _receiver.Options.BatchTime;

    [Fact]
    public void A_full_batch_is_handed_on_at_once()
    {
        Receive(1, 10);

        Taken().MessageCount.ShouldBe(10);
    }

    [Fact]
    public void A_batch_that_is_not_full_waits_for_its_time_from_its_first_message_on()
    {
        _receiver.Handler.OnWriterIdle();
        _receiver.Time.Advance(TimeSpan.FromSeconds(1)); // without messages no time runs
        Receive(1, 1);
        _receiver.Time.Advance(BatchTime / 2);
        Receive(2, 2); // a later message does not start it anew
        _receiver.Time.Advance(BatchTime / 2 - TimeSpan.FromTicks(1));
        NothingTaken();

        _receiver.Time.Advance(TimeSpan.FromTicks(1));

        Taken().MessageCount.ShouldBe(2);
    }

    [Fact]
    public void While_the_writer_is_busy_a_batch_that_is_due_goes_on_filling()
    {
        Receive(1, 1);
        _receiver.Time.Advance(BatchTime);
        Receive(2, 3);
        NothingTaken();

        _receiver.Handler.OnWriterIdle();

        Taken().MessageCount.ShouldBe(3);
    }

    [Fact]
    public async Task Without_a_free_batch_the_socket_waits_and_nothing_is_lost()
    {
        Receive(1, 25); // both batches of ten, and what else the read held
        var first = Taken();
        var waiting = _receiver.Handler.OnReadCompletedAsync(TestContext.Current.CancellationToken).AsTask();
        waiting.IsCompleted.ShouldBeFalse();

        _receiver.Pool.Return(first);
        _receiver.Handler.OnBatchSettled();
        await waiting;

        Taken().MessageCount.ShouldBe(15);
        await _receiver.Handler.OnReadCompletedAsync(TestContext.Current.CancellationToken); // goes on at once
    }

    [Fact]
    public async Task A_connection_that_ends_does_not_wait_for_a_free_batch()
    {
        Receive(1, 20);
        using var ending = new CancellationTokenSource();
        var waiting = _receiver.Handler.OnReadCompletedAsync(ending.Token).AsTask();

        await ending.CancelAsync();

        await waiting;
    }

    [Fact]
    public void A_batch_that_is_due_goes_on_as_soon_as_another_one_is_free()
    {
        _receiver.Handler.OnWriterIdle();
        Receive(1, 11);
        var first = Taken();
        _receiver.Handler.OnWriterIdle();
        _receiver.Time.Advance(BatchTime);
        NothingTaken();

        _receiver.Pool.Return(first);
        _receiver.Handler.OnBatchSettled();

        Taken().MessageCount.ShouldBe(1);
    }

    [Fact]
    public void A_batch_holds_messages_of_one_connection_only()
    {
        Receive(1, 3);
        _receiver.Receive(TestMessage.Native("r1", "d1", 4) with { Epoch = 2 });

        var old = Taken();
        (old.Epoch, old.MessageCount).ShouldBe((1, 3));
        _receiver.Handler.Stop();
        Taken().Epoch.ShouldBe(2);
    }

    [Fact]
    public void A_few_large_messages_fill_a_batch_too()
    {
        _receiver.Receive(new TestMessage("home/a", new string('[', 600_000)));
        _receiver.Receive(new TestMessage("home/a", new string('[', 600_000)));

        Taken().MessageCount.ShouldBe(2);
    }

    [Fact]
    public async Task After_a_stop_what_was_received_is_handed_on_and_nothing_more_is_taken()
    {
        Receive(1, 3);
        _receiver.Handler.Stop();
        Receive(4, 5);

        Taken().MessageCount.ShouldBe(3);
        using var ending = new CancellationTokenSource();
        var reading = _receiver.Handler.OnReadCompletedAsync(ending.Token).AsTask();
        reading.IsCompleted.ShouldBeFalse("the socket is not read any more");
        (await _receiver.Filled.Reader.WaitToReadAsync(TestContext.Current.CancellationToken)).ShouldBeFalse("nothing more comes");
        await ending.CancelAsync();
        await reading;
    }

    [Fact]
    public void The_age_of_what_is_pending_counts_from_the_first_message_to_its_PUBACK()
    {
        _receiver.Handler.OldestPending.ShouldBeNull();
        Receive(1, 10);
        _receiver.Time.Advance(TimeSpan.FromSeconds(2));
        Receive(11, 11);
        _receiver.Time.Advance(TimeSpan.FromSeconds(1));
        _receiver.Handler.OldestPending.ShouldBe(TimeSpan.FromSeconds(3));

        _receiver.Pool.Return(Taken());
        _receiver.Handler.OnBatchSettled();

        _receiver.Handler.OldestPending.ShouldBe(TimeSpan.FromSeconds(1));
    }

    public void Dispose() => _receiver.Dispose();

    private void Receive(int from, int to)
    {
        for (var seq = from; seq <= to; seq++) _receiver.Receive(TestMessage.Native("r1", "d1", seq));
    }

    private PendingBatch Taken()
    {
        _receiver.Filled.Reader.TryRead(out var batch).ShouldBeTrue("a batch is handed on");
        return batch!;
    }

    private void NothingTaken() => _receiver.Filled.Reader.TryRead(out _).ShouldBeFalse("no batch is handed on");
}
