using System.Text.Json;
using System.Threading.Channels;
using Tally.AckResponder.Broker;
using Tally.AckResponder.Tracing;
using Tally.Contracts;
using Tally.Mqtt;

namespace Tally.AckResponder.Notices;

/// <summary>
/// The session on <c>stored/+</c>: takes notices in, has their acknowledgements published, and then acknowledges the
/// notices themselves, in the order in which they arrived (MQTT 5, 4.6). Whatever happens in between, the broker still has
/// each notice that is not settled and delivers it again.
/// </summary>
/// <remarks>
/// Acknowledgements go over a connection of their own: the one that delivers is not read while too much is in progress, and
/// what is in progress would wait for ever for a PUBACK that lies unread behind more notices.
/// </remarks>
internal sealed class NoticeSession(
    BrokerSessions sessions, AckResponderOptions options, IMqttClientFactory clients, AckResponderMetrics metrics, TimeProvider time, ILogger<NoticeSession> logger)
    : IMqttHandler
{
    private readonly NoticeReader _reader = new();
    private readonly NoticeBacklog _backlog = new(options.MaxNotices, options.MaxNoticeBytes);
    // Unbounded themselves: what is in them is counted by the backlog.
    private readonly Channel<Notice> _arrived = Channel.CreateUnbounded<Notice>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Channel<Notice> _publishing = Channel.CreateUnbounded<Notice>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private volatile IMqttClient? _notices;
    private volatile IMqttClient? _acknowledgements;

    /// <summary>Both connections stand, and the subscription.</summary>
    public bool IsConnected => _notices is { IsReady: true } && _acknowledgements is { IsReady: true };

    /// <summary>For how long the oldest notice has been in progress; zero when there is none.</summary>
    public TimeSpan OldestAge => _backlog.Oldest is { } oldest ? time.GetElapsedTime(oldest.ArrivedAt) : TimeSpan.Zero;

    /// <summary>Serves notices until it is stopped.</summary>
    /// <exception cref="MqttRefusedException">The broker refuses this service.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var notices = clients.Create(
            new MqttClientOptions
            {
                Broker = sessions.Broker,
                ClientId = sessions.ClientId,
                SessionExpiry = options.SessionExpiry,
                Subscriptions = [new MqttSubscription(Topics.AllStored)],
                ReceiveMaximum = (ushort)Math.Min(options.MaxNotices, ushort.MaxValue),
            },
            this);
        // Its session may end with the connection: what has no PUBACK then is published again.
        await using var acknowledgements = clients.Create(new MqttClientOptions { Broker = sessions.Broker, ClientId = sessions.ClientId + "-acks" }, new NothingArrives());
        (_notices, _acknowledgements) = (notices, acknowledgements);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var publisher = new AcknowledgementPublisher(acknowledgements, options.RetryPauses, metrics, time, logger);
        Task[] work =
        [
            // The connections first: the others only fail in consequence of them.
            notices.RunAsync(over.Token),
            acknowledgements.RunAsync(over.Token),
            PublishAsync(publisher, over.Token),
            AcknowledgeAsync(notices, over.Token),
        ];
        await Task.WhenAny(work);
        await over.CancelAsync();
        foreach (var task in work) await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var task in work)
        {
            if (task.IsFaulted) await task; // being stopped is no failure
        }
    }

    /// <inheritdoc/>
    public void OnMessage(in MqttMessage message)
    {
        var notice = new Notice(message.Delivery, message.Payload.Length, time.GetTimestamp());
        metrics.Notices.Add(1);
        try
        {
            _reader.Read(message.Payload, notice);
        }
        catch (JsonException error)
        {
            // Settled like any other, without a word to publishers: they ask again, and this notice would never get better.
            notice.Acknowledgements.Clear();
            metrics.MalformedNotices.Add(1);
            logger.LogWarning("A notice on {Topic} cannot be read and is passed over: {Reason}", System.Text.Encoding.UTF8.GetString(message.Topic), error.Message);
        }

        notice.Traces = NoticeTraces.Begin(message.Topic, notice.Acknowledgements);
        _backlog.Add(notice);
        _arrived.Writer.TryWrite(notice);
    }

    /// <inheritdoc/>
    public ValueTask OnReadCompletedAsync(CancellationToken cancellationToken) => _backlog.WaitForRoomAsync(cancellationToken);

    private async Task PublishAsync(AcknowledgementPublisher publisher, CancellationToken stop)
    {
        await foreach (var notice in _arrived.Reader.ReadAllAsync(stop))
        {
            // Begun in order of arrival, several at a time: waiting for each PUBACK before the next would cost a round trip each.
            notice.Published = publisher.PublishAsync(notice, stop);
            _publishing.Writer.TryWrite(notice);
        }
    }

    private async Task AcknowledgeAsync(IMqttClient client, CancellationToken stop)
    {
        await foreach (var notice in _publishing.Reader.ReadAllAsync(stop))
        {
            await notice.Published;
            client.Acknowledge(notice.Delivery);
            notice.Traces?.End();
            _backlog.RemoveOldest();
        }
    }

    private sealed class NothingArrives : IMqttHandler;
}
