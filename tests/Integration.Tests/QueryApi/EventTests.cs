using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Tally.Integration.Tests.Storage;
using Xunit;

namespace Tally.Integration.Tests.QueryApi;

public sealed class EventTests(StoreServer server) : QueryApiTest(server)
{
    [Fact]
    public async Task A_watched_run_sends_its_changes()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 1000);
        await using var events = await WatchAsync("/api/runs/r1/events");
        (await events.NextAsync(progress => true)).GetProperty("stored").GetInt64().ShouldBe(0);

        await Runs.CountAsync("r1", received: 10, stored: 10);
        var progress = await events.NextAsync(progress => progress.GetProperty("stored").GetInt64() == 10);
        progress.GetProperty("run").GetString().ShouldBe("r1");
        progress.GetProperty("percent").GetDouble().ShouldBe(1);

        await Runs.AnnounceAsync("r1", devices: 1, expected: 1000, RunState.Finished, published: 10);
        await events.NextAsync(progress => progress.GetProperty("state").GetString() == "finished");
    }

    [Fact]
    public async Task The_rate_is_that_of_the_last_seconds_and_falls_to_nothing()
    {
        await Runs.AnnounceAsync("r1", devices: 1, expected: 1_000_000);
        await using var events = await WatchAsync("/api/runs/r1/events");
        await events.NextAsync(progress => true);
        await Runs.CountAsync("r1", received: 1000, stored: 1000);
        var moving = await events.NextAsync(progress => progress.GetProperty("rate") is { ValueKind: JsonValueKind.Number } rate && rate.GetDouble() > 0);
        moving.GetProperty("secondsLeft").GetDouble().ShouldBeGreaterThan(0);
        await events.NextAsync(progress => progress.GetProperty("rate") is { ValueKind: JsonValueKind.Number } rate && rate.GetDouble() == 0);
    }

    [Fact]
    public async Task The_current_run_is_the_one_in_which_something_happened_last()
    {
        await using var events = await WatchAsync("/api/events");
        await events.NextOfTypeAsync("idle");

        await Runs.CountAsync("0", received: 1, stored: 1);
        await events.NextAsync(progress => progress.GetProperty("run").GetString() == "0");
        await Runs.AnnounceAsync("r1", devices: 1, expected: 10);
        await events.NextAsync(progress => progress.GetProperty("run").GetString() == "r1");
        await Runs.AnnounceAsync("r2", devices: 1, expected: 10);
        await events.NextAsync(progress => progress.GetProperty("run").GetString() == "r2");
        await Runs.CountAsync("r1", received: 1, stored: 1);
        await Runs.CountAsync("0", received: 1, stored: 1); // foreign readings never end, and hide no run
        await events.NextAsync(progress => progress.GetProperty("run").GetString() == "r1");
    }

    [Fact]
    public async Task An_unknown_run_cannot_be_watched() => await Api.GetProblemAsync("/api/runs/nope/events", HttpStatusCode.NotFound);

    [Fact]
    public async Task Streams_end_when_the_service_stops()
    {
        await using var events = await WatchAsync("/api/events");
        await events.NextOfTypeAsync("idle");
        await Api.StopAsync();
        (await events.EndsAsync()).ShouldBeTrue();
    }

    private async Task<EventStream> WatchAsync(string path)
    {
        var response = await Api.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new(response, await response.Content.ReadAsStreamAsync(Cancellation));
    }

    /// <summary>Reads events one after the other; none that is waited for may take longer than half a minute.</summary>
    private sealed class EventStream(HttpResponseMessage response, Stream stream) : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
        private readonly IAsyncEnumerator<SseItem<string>> _events = SseParser.Create(stream).EnumerateAsync(Cancellation).GetAsyncEnumerator(Cancellation);

        public async Task<JsonElement> NextAsync(Func<JsonElement, bool> wanted)
        {
            for (var waited = 0; waited < 100; waited++)
            {
                var progress = JsonSerializer.Deserialize<JsonElement>(await NextOfTypeAsync("progress"));
                if (wanted(progress)) return progress;
            }

            throw new TimeoutException("A hundred events, and none was the one waited for.");
        }

        public async Task<string> NextOfTypeAsync(string type)
        {
            while (await _events.MoveNextAsync().AsTask().WaitAsync(Patience, Cancellation))
            {
                if (_events.Current.EventType == type) return _events.Current.Data;
            }

            throw new EndOfStreamException($"The stream ended before an event of type '{type}'.");
        }

        public async Task<bool> EndsAsync()
        {
            while (await _events.MoveNextAsync().AsTask().WaitAsync(Patience, Cancellation))
            {
            }

            return true;
        }

        public async ValueTask DisposeAsync()
        {
            await _events.DisposeAsync();
            response.Dispose();
        }
    }
}
