using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Tally.AckResponder;
using Tally.AckResponder.Notices;
using Tally.Mqtt;
using Xunit;

namespace Tally.Unit.Tests.AckResponder;

public sealed class AcknowledgementPublisherTests : IDisposable
{
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)];

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly AckResponderMetrics _metrics;
    private readonly Counts _counts;
    private readonly RecordingClient _client = new();

    public AcknowledgementPublisherTests()
    {
        _metrics = new AckResponderMetrics(_services.GetRequiredService<IMeterFactory>());
        _counts = new Counts(_services.GetRequiredService<IMeterFactory>());
    }

    [Fact]
    public async Task All_acknowledgements_of_a_notice_are_published_with_their_correlation_data()
    {
        await PublishAsync(("acks/a", [1, 2]), ("acks/b", []));
        _client.Published.Select(published => (published.Topic, published.Payload)).ShouldBe([("acks/a", "{}"), ("acks/b", "{}")]);
        _client.Published.First().Correlation.ShouldBe([1, 2]);
        _counts["tally.acknowledgements"].ShouldBe(2);
    }

    [Fact]
    public async Task One_that_nobody_subscribes_to_is_tried_three_more_times_and_then_settled()
    {
        _client.Answer = (_, _) => Task.FromResult(MqttReasonCode.NoMatchingSubscribers);
        await PublishAsync(("acks/a", []));
        _client.Published.Count.ShouldBe(4);
        _counts["tally.acknowledgements.unheard"].ShouldBe(1);
        _counts["tally.acknowledgements"].ShouldBe(0);
    }

    [Fact]
    public async Task One_whose_subscriber_comes_back_in_time_is_heard()
    {
        _client.Answer = (before, _) => Task.FromResult(before < 2 ? MqttReasonCode.NoMatchingSubscribers : MqttReasonCode.Success);
        await PublishAsync(("acks/a", []));
        _client.Published.Count.ShouldBe(3);
        _counts["tally.acknowledgements"].ShouldBe(1);
    }

    [Fact]
    public async Task One_whose_session_is_lost_is_published_again_however_often()
    {
        _client.Answer = (before, _) => before < 7 ? Task.FromException<MqttReasonCode>(new MqttSessionLostException("gone")) : Task.FromResult(MqttReasonCode.Success);
        await PublishAsync(("acks/a", []));
        _client.Published.Count.ShouldBe(8);
        _counts["tally.acknowledgements"].ShouldBe(1);
    }

    [Fact]
    public async Task One_that_the_broker_does_not_allow_is_settled_and_does_not_block()
    {
        _client.Answer = (_, topic) => Task.FromResult(topic == "acks/a" ? MqttReasonCode.NotAuthorized : MqttReasonCode.Success);
        await PublishAsync(("acks/a", []), ("acks/b", []));
        _counts["tally.acknowledgements.refused"].ShouldBe(1);
        _counts["tally.acknowledgements"].ShouldBe(1);
    }

    [Fact]
    public async Task One_that_can_never_be_sent_is_settled_at_once()
    {
        _client.Answer = (_, _) => Task.FromException<MqttReasonCode>(new MqttException(MqttReasonCode.TopicNameInvalid, "no topic"));
        await PublishAsync(("acks/+", []));
        _client.Published.Count.ShouldBe(1);
        _counts["tally.acknowledgements.refused"].ShouldBe(1);
    }

    [Fact]
    public async Task A_broker_that_refuses_the_service_ends_it()
    {
        _client.Answer = (_, _) => Task.FromException<MqttReasonCode>(new MqttRefusedException(MqttReasonCode.BadUserNameOrPassword, "wrong password"));
        await Should.ThrowAsync<MqttRefusedException>(() => PublishAsync(("acks/a", [])));
    }

    [Fact]
    public async Task When_it_is_stopped_the_notice_stays_unsettled()
    {
        using var stop = new CancellationTokenSource();
        _client.Answer = (_, _) => new TaskCompletionSource<MqttReasonCode>().Task;
        var publishing = Publisher().PublishAsync(Notice(("acks/a", [])), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => publishing);
    }

    public void Dispose()
    {
        _counts.Dispose();
        _services.Dispose();
    }

    internal static Notice Notice(params ReadOnlySpan<(string Topic, byte[] Correlation)> acknowledgements)
    {
        var notice = new Notice(new MqttDelivery(1, 1), 100, 0);
        foreach (var (topic, correlation) in acknowledgements) notice.OnAcknowledgement(Encoding.UTF8.GetBytes(topic), "{}"u8, correlation);
        return notice;
    }

    private Task PublishAsync(params (string Topic, byte[] Correlation)[] acknowledgements) =>
        Publisher().PublishAsync(Notice(acknowledgements), TestContext.Current.CancellationToken);

    private AcknowledgementPublisher Publisher() => new(_client, Pauses, _metrics, TimeProvider.System, NullLogger.Instance);
}
