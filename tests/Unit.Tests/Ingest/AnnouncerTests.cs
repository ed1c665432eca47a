using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Tally.Ingest;
using Tally.Ingest.Announcing;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

/// <summary>The order of notice and PUBACK, and what a notice is tried again for.</summary>
public sealed class AnnouncerTests : IAsyncDisposable
{
    private readonly Receiver _receiver = new();
    private readonly FakeClient _client = new();
    private readonly StoredBatches _stored = new();
    private readonly NoticeTrouble _trouble = new(NullLogger<NoticeTrouble>.Instance);
    private readonly CancellationTokenSource _abort = new();
    private readonly Task _running;
    private ushort _packetId;

    public AnnouncerTests()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:mqtt"] = "mqtt://localhost" }).Build();
        var clients = new IngestClients(_client, _receiver.Handler, _receiver.Options, configuration);
        clients.Open("key");
        var publisher = new NoticePublisher(clients, _trouble, _receiver.Time, NullLogger<NoticePublisher>.Instance);
        _running = new AnnouncerLoop(_stored, new NoticeBuilder(_receiver.Catalog), publisher, clients, _receiver.Pool, _receiver.Handler).RunAsync(_abort.Token);
    }

    [Fact]
    public async Task Readings_are_acknowledged_in_order_of_arrival_after_the_PUBACK_of_their_notice()
    {
        Store("r1", 1, 3);
        await UntilAsync(1, "the notice");
        _client.Log.ShouldBe(["publish stored/r1"]);

        _client.Answer(MqttReasonCode.Success);

        await UntilLogAsync("publish stored/r1", "acknowledge 1,2,3");
    }

    [Fact]
    public async Task A_later_batch_is_announced_meanwhile_but_acknowledged_afterwards()
    {
        Store("r1", 1, 2);
        Store("r2", 1, 2);
        await UntilAsync(2, "both notices");

        _client.Answer(MqttReasonCode.NoMatchingSubscribers); // of the first batch
        _client.Answer(MqttReasonCode.Success); // of the second
        await LetPassAsync(TimeSpan.FromMilliseconds(100));
        await UntilAsync(1, "the first notice again");
        _client.Log.ShouldNotContain(line => line.StartsWith("acknowledge"));
        _client.Answer(MqttReasonCode.Success);

        await UntilLogAsync("publish stored/r1", "publish stored/r2", "publish stored/r1", "acknowledge 1,2", "acknowledge 3,4");
    }

    [Fact]
    public async Task A_notice_nobody_subscribes_to_is_tried_three_times_more_within_a_second_and_then_settled()
    {
        var began = _receiver.Time.GetUtcNow();
        Store("r1", 1, 1);
        for (var i = 0; i < 3; i++)
        {
            await UntilAsync(1, "the notice");
            _client.Answer(MqttReasonCode.NoMatchingSubscribers);
            await LetPassAsync(TimeSpan.FromMilliseconds(100));
            while (_client.Unanswered == 0) await LetPassAsync(TimeSpan.FromMilliseconds(100));
        }

        (_receiver.Time.GetUtcNow() - began).ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(1));
        _client.Answer(MqttReasonCode.NoMatchingSubscribers);

        await UntilLogAsync("publish stored/r1", "publish stored/r1", "publish stored/r1", "publish stored/r1", "acknowledge 1");
    }

    [Fact]
    public async Task A_notice_whose_session_ended_is_published_again()
    {
        Store("r1", 1, 1);
        await UntilAsync(1, "the notice");
        _client.Fail(new MqttSessionLostException("gone"));
        await UntilAsync(1, "the notice again");
        _client.Answer(MqttReasonCode.Success);

        await UntilLogAsync("publish stored/r1", "publish stored/r1", "acknowledge 1");
    }

    [Fact]
    public async Task A_notice_the_broker_refuses_is_tried_until_somebody_allows_it_and_the_service_says_so()
    {
        Store("r1", 1, 1);
        for (var i = 0; i < 5; i++)
        {
            await UntilAsync(1, "the notice");
            _client.Answer(MqttReasonCode.NotAuthorized);
            await LetPassAsync(TimeSpan.FromSeconds(1));
        }

        _trouble.Line.ShouldNotBeNull().ShouldContain("NotAuthorized");
        await UntilAsync(1, "the notice again");
        _client.Answer(MqttReasonCode.Success);
        await Eventually.UntilAsync(() => _client.Log[^1] == "acknowledge 1", "the acknowledgement");
        _trouble.Line.ShouldBeNull();
    }

    [Fact]
    public async Task A_notice_that_can_never_be_sent_does_not_hold_up_the_others()
    {
        Store("r1", 1, 1);
        await UntilAsync(1, "the notice");
        _client.Fail(new MqttException(MqttReasonCode.PacketTooLarge, "too large"));

        await UntilLogAsync("publish stored/r1", "acknowledge 1");
    }

    [Fact]
    public async Task A_batch_nobody_is_told_about_is_acknowledged_without_a_notice()
    {
        var batch = Take();
        _receiver.Reader.Read(new TestMessage("home/a", "5").ToMqtt(), batch);
        _stored.Writer.TryWrite(batch);

        await UntilLogAsync("acknowledge 1");
    }

    public async ValueTask DisposeAsync()
    {
        _stored.Writer.Complete();
        await _abort.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a test may leave a notice unanswered
        _abort.Dispose();
        _receiver.Dispose();
    }

    private void Store(string run, int from, int to)
    {
        var batch = Take();
        for (var seq = from; seq <= to; seq++) _receiver.Reader.Read((TestMessage.Native(run, "d1", seq) with { PacketId = ++_packetId }).ToMqtt(), batch);
        _stored.Writer.TryWrite(batch);
    }

    private PendingBatch Take()
    {
        _receiver.Pool.TryTake(out var batch).ShouldBeTrue();
        return batch!;
    }

    private Task UntilAsync(int unanswered, string waitingFor) => Eventually.UntilAsync(() => _client.Unanswered == unanswered, waitingFor);

    private Task UntilLogAsync(params string[] lines) => Eventually.UntilAsync(() => _client.Log.SequenceEqual(lines), $"the broker to see: {string.Join("; ", lines)}");

    /// <summary>Waits until somebody waits for time to pass, and lets it.</summary>
    private async Task LetPassAsync(TimeSpan time)
    {
        await Eventually.UntilAsync(() => _receiver.Time.SetTimers > 0 || _client.Unanswered > 0, "a pause to begin");
        _receiver.Time.Advance(time);
    }
}
