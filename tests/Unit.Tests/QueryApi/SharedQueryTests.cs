using System.Threading.Channels;
using Shouldly;
using Tally.QueryApi;
using Xunit;

namespace Tally.Unit.Tests.QueryApi;

public sealed class SharedQueryTests
{
    [Fact]
    public async Task Who_asks_while_it_runs_shares_the_next_one()
    {
        var database = new FakeDatabase();
        using var shared = new SharedQuery<int>(database.AskAsync, atOnce: 1);
        var first = shared.GetAsync("r", TestContext.Current.CancellationToken);
        (await database.NextAsync()).Answer.ShouldBe(1);

        var second = shared.GetAsync("r", TestContext.Current.CancellationToken);
        var third = shared.GetAsync("r", TestContext.Current.CancellationToken);
        database.Waiting.ShouldBe(0);

        database.Finish(1);
        (await first).ShouldBe(1);
        database.Finish((await database.NextAsync()).Answer);
        (await second).ShouldBe(2);
        (await third).ShouldBe(2);
        database.Asked.ShouldBe(2);
    }

    [Fact]
    public async Task Different_keys_run_at_once_up_to_the_limit()
    {
        var database = new FakeDatabase();
        using var shared = new SharedQuery<int>(database.AskAsync, atOnce: 2);
        var all = Enumerable.Range(1, 3).Select(run => shared.GetAsync($"r{run}", TestContext.Current.CancellationToken)).ToArray();
        await database.NextAsync();
        await database.NextAsync();
        database.Asked.ShouldBe(2);

        database.Finish(1);
        (await database.NextAsync()).Answer.ShouldBe(3);
        database.Finish(2);
        database.Finish(3);
        await Task.WhenAll(all);
    }

    [Fact]
    public async Task The_query_is_cancelled_when_the_last_caller_goes()
    {
        var database = new FakeDatabase();
        using var shared = new SharedQuery<int>(database.AskAsync, atOnce: 1);
        using var leaving = new CancellationTokenSource();
        var only = shared.GetAsync("r", leaving.Token);
        var query = await database.NextAsync();

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => only);
        query.Cancelled.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task One_caller_going_does_not_cancel_it_for_the_other()
    {
        var database = new FakeDatabase();
        using var shared = new SharedQuery<int>(database.AskAsync, atOnce: 1);
        using var leaving = new CancellationTokenSource();
        var running = shared.GetAsync("r", TestContext.Current.CancellationToken);
        await database.NextAsync();
        var going = shared.GetAsync("r", leaving.Token);
        var staying = shared.GetAsync("r", TestContext.Current.CancellationToken);

        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => going);
        database.Finish(1);
        await running;
        database.Finish((await database.NextAsync()).Answer);
        (await staying).ShouldBe(2);
    }

    [Fact]
    public async Task After_one_that_failed_the_next_one_runs()
    {
        var database = new FakeDatabase();
        using var shared = new SharedQuery<int>(database.AskAsync, atOnce: 1);
        var failing = shared.GetAsync("r", TestContext.Current.CancellationToken);
        await database.NextAsync();
        var next = shared.GetAsync("r", TestContext.Current.CancellationToken);

        database.Fail(1);
        await Should.ThrowAsync<IOException>(() => failing);
        database.Finish((await database.NextAsync()).Answer);
        (await next).ShouldBe(2);
    }

    /// <summary>Answers each query with its number, when the test says so.</summary>
    private sealed class FakeDatabase
    {
        private readonly Channel<Query> _started = Channel.CreateUnbounded<Query>();
        private readonly Dictionary<int, Query> _queries = [];

        public int Asked => _queries.Count;

        public int Waiting => _started.Reader.Count;

        public Task<int> AskAsync(string key, CancellationToken cancellationToken)
        {
            Query query;
            lock (_queries)
            {
                query = new(_queries.Count + 1, new(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
                _queries.Add(query.Answer, query);
            }

            _started.Writer.TryWrite(query);
            return query.Result.Task.WaitAsync(cancellationToken);
        }

        public async Task<Query> NextAsync() => await _started.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask()
            .WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        public void Finish(int number) => _queries[number].Result.SetResult(number);

        public void Fail(int number) => _queries[number].Result.SetException(new IOException("gone"));
    }

    private sealed record Query(int Answer, TaskCompletionSource<int> Result, CancellationToken Cancelled);
}
