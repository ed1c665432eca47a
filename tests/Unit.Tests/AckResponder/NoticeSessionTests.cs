using System.Diagnostics.Metrics;
using System.Text;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using Tally.AckResponder;
using Tally.AckResponder.Broker;
using Tally.AckResponder.Notices;
using Tally.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.AckResponder;

public sealed class NoticeSessionTests : IAsyncDisposable, IMqttClientFactory
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordingClient _client = new();
    private readonly Lines _log = new();
    private readonly Counts _counts;
    private readonly NoticeSession _session;
    private readonly Task _running;

    public NoticeSessionTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _counts = new Counts(meters);
        _session = new NoticeSession(
            new BrokerSessions(new Uri("mqtt://broker"), "ackresponder"), new AckResponderOptions { MaxNotices = 3 }, this, new AckResponderMetrics(meters), TimeProvider.System, _log);
        _running = _session.RunAsync(_stop.Token);
    }

    [Fact]
    public async Task A_notice_is_acknowledged_only_after_its_acknowledgements_and_in_order_of_arrival()
    {
        var answers = Enumerable.Range(0, 3).Select(_ => new TaskCompletionSource<MqttReasonCode>()).ToArray();
        _client.Answer = (before, _) => answers[before].Task;
        Arrive(1, "acks/a");
        Arrive(2, "acks/b");
        Arrive(3, "acks/c");
        await UntilAsync(() => _client.Published.Count == 3);
        _client.Published.Select(published => published.Topic).ShouldBe(["acks/a", "acks/b", "acks/c"]); // several in progress

        answers[1].SetResult(MqttReasonCode.Success);
        answers[2].SetResult(MqttReasonCode.Success);
        _client.Acknowledged.ShouldBeEmpty();
        answers[0].SetResult(MqttReasonCode.Success);
        await UntilAsync(() => _client.Acknowledged.Count == 3);
        _client.Acknowledged.Select(delivery => delivery.PacketId).ShouldBe([(ushort)1, (ushort)2, (ushort)3]);
    }

    [Fact]
    public async Task The_socket_is_not_read_while_too_much_is_in_progress()
    {
        var answer = new TaskCompletionSource<MqttReasonCode>();
        _client.Answer = (_, _) => answer.Task;
        Arrive(1, "acks/a");
        Arrive(2, "acks/a");
        await _session.OnReadCompletedAsync(TestContext.Current.CancellationToken);
        Arrive(3, "acks/a");
        var waiting = _session.OnReadCompletedAsync(TestContext.Current.CancellationToken).AsTask();
        waiting.IsCompleted.ShouldBeFalse();

        answer.SetResult(MqttReasonCode.Success);
        await waiting;
    }

    [Fact]
    public async Task A_malformed_notice_is_logged_once_with_why_and_acknowledged_without_a_word_to_publishers()
    {
        Arrive(1, """{"run":"r","acks":[{"to":"acks/a","announced":"started"},{}]}"""u8);
        Arrive(2, "acks/b");
        await UntilAsync(() => _client.Acknowledged.Count == 2);
        _client.Published.ShouldHaveSingleItem().Topic.ShouldBe("acks/b");
        _log.Written.ShouldHaveSingleItem().ShouldContain("names no topic");
        _counts["tally.notices"].ShouldBe(2);
        _counts["tally.notices.malformed"].ShouldBe(1);
    }

    [Fact]
    public async Task A_stop_leaves_the_notice_with_the_broker()
    {
        _client.Answer = (_, _) => new TaskCompletionSource<MqttReasonCode>().Task;
        Arrive(1, "acks/a");
        await UntilAsync(() => _client.Published.Count == 1);
        _session.OldestAge.ShouldBeGreaterThan(TimeSpan.Zero);
        await _stop.CancelAsync();
        await _running;
        _client.Acknowledged.ShouldBeEmpty();
    }

    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) => _client;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _counts.Dispose();
        await _services.DisposeAsync();
    }

    private void Arrive(ushort packetId, string to) => Arrive(packetId, Encoding.UTF8.GetBytes($$"""{"run":"r","acks":[{"to":"{{to}}","announced":"started"}]}"""));

    private void Arrive(ushort packetId, ReadOnlySpan<byte> payload) => _session.OnMessage(new MqttMessage
    {
        Topic = "stored/r"u8,
        Payload = payload,
        Delivery = new MqttDelivery(1, packetId),
        Packet = new MqttPublishPacket { QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce },
    });

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition()) await Task.Delay(1, limit.Token);
    }

    private sealed class Lines : ILogger<NoticeSession>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue(formatter(state, exception));
    }
}
