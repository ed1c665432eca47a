using Tally.Ingest.Storing;
using Tally.Mqtt;

namespace Tally.Ingest.Announcing;

/// <summary>Publishes the notices about a batch, and stays with each until it is settled.</summary>
internal sealed class NoticePublisher(IngestClients clients, NoticeTrouble trouble, TimeProvider time, ILogger<NoticePublisher> logger)
{
    /// <summary>
    /// Pauses before a notice that nobody subscribed to (0x10) is tried again: three times within a second. AckResponder that
    /// starts together with Ingest is there by then; one that stays away is the publishers' business, who ask again.
    /// </summary>
    private static readonly TimeSpan[] UnheardPauses = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(600)];

    /// <summary>Pause after the broker refused a notice: somebody has to change its configuration first.</summary>
    private static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Publishes all notices about a batch: each is given to the client before this returns, so that batches go out in order;
    /// the task ends when all are settled.
    /// </summary>
    public Task PublishAsync(NoticeBuffer notices, CancellationToken cancellationToken)
    {
        if (notices.Count == 1) return PublishAsync(notices, 0, cancellationToken);
        var settled = new Task[notices.Count];
        for (var i = 0; i < settled.Length; i++) settled[i] = PublishAsync(notices, i, cancellationToken);
        return Task.WhenAll(settled);
    }

    private async Task PublishAsync(NoticeBuffer notices, int notice, CancellationToken cancellationToken)
    {
        for (var unheard = 0; ;)
        {
            var reason = await TryPublishAsync(notices, notice, cancellationToken);
            switch (reason)
            {
                case MqttReasonCode.NoMatchingSubscribers when unheard == UnheardPauses.Length:
                    IngestTelemetry.UnheardNotices.Add(1);
                    trouble.Over();
                    return;
                case MqttReasonCode.NoMatchingSubscribers:
                    await Task.Delay(UnheardPauses[unheard++], time, cancellationToken);
                    break;
                case >= MqttReasonCode.UnspecifiedError:
                    trouble.Refused(reason.Value);
                    await Task.Delay(RefusedPause, time, cancellationToken);
                    break;
                case null:
                    break; // the session ended; publish again on the next one
                default:
                    trouble.Over();
                    return;
            }

            IngestTelemetry.RepeatedNotices.Add(1);
        }
    }

    /// <returns>The broker's answer; null when the session ended before it, and whether the broker has the notice is not known.</returns>
    private async ValueTask<MqttReasonCode?> TryPublishAsync(NoticeBuffer notices, int notice, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await Publish(notices, notice, cancellationToken);
        }
        catch (MqttSessionLostException)
        {
            return null;
        }
        catch (MqttException error)
        {
            // It can never be sent (larger than the broker takes). Its readings are stored; the publishers ask again.
            logger.LogError("A notice cannot be published and is left out: {Reason}", error.Message);
            IngestTelemetry.UnsendableNotices.Add(1);
            return MqttReasonCode.Success;
        }
    }

    private ValueTask<MqttReasonCode> Publish(NoticeBuffer notices, int notice, CancellationToken cancellationToken) =>
        clients.Notices.PublishAsync(
            new MqttPublication
            {
                Topic = notices.TopicOf(notice),
                Payload = notices.PayloadOf(notice),
                ContentType = "application/json",
                Qos = MqttQos.AtLeastOnce,
            },
            cancellationToken);
}
