using Tally.AckResponder.Tracing;
using Tally.Mqtt;

namespace Tally.AckResponder.Notices;

/// <summary>Publishes the acknowledgements of a notice, each until the broker has taken it or it is settled without.</summary>
internal sealed class AcknowledgementPublisher(
    IMqttClient client, IReadOnlyList<TimeSpan> retryPauses, AckResponderMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Says no more than one line in so much time about what the broker does not take.</summary>
    private static readonly TimeSpan LogPause = TimeSpan.FromSeconds(10);

    private readonly Lock _logLock = new();
    private long? _loggedAt;

    /// <summary>Publishes all of them, in order; done when each is settled.</summary>
    /// <exception cref="MqttRefusedException">The broker refuses this service.</exception>
    public async Task PublishAsync(Notice notice, CancellationToken stop)
    {
        if (notice.Acknowledgements.Count == 1)
        {
            await PublishAsync(notice.Acknowledgements[0], stop);
            return;
        }

        // Small numbers: one for each publisher in a batch, and one for each message that asked with Correlation Data.
        var published = new Task[notice.Acknowledgements.Count];
        for (var i = 0; i < published.Length; i++) published[i] = PublishAsync(notice.Acknowledgements[i], stop);
        await Task.WhenAll(published);
    }

    private async Task PublishAsync(Acknowledgement acknowledgement, CancellationToken stop)
    {
        using var spans = PublishSpans.Begin(acknowledgement);
        for (var retries = 0; ;)
        {
            MqttReasonCode reason;
            try
            {
                reason = await BeginPublish(acknowledgement, spans, stop);
            }
            catch (MqttSessionLostException) when (!stop.IsCancellationRequested)
            {
                // Whether the broker has it is not known; twice is harmless, never is not.
                continue;
            }
            catch (MqttException error) when (error is not (MqttRefusedException or MqttSessionLostException))
            {
                Refused(acknowledgement, error.Message);
                return;
            }

            if (reason < MqttReasonCode.UnspecifiedError && reason != MqttReasonCode.NoMatchingSubscribers)
            {
                metrics.Acknowledgements.Add(1);
                return;
            }

            if (retries == retryPauses.Count)
            {
                if (reason == MqttReasonCode.NoMatchingSubscribers) metrics.Unheard.Add(1);
                else Refused(acknowledgement, reason.ToString());
                return;
            }

            await Task.Delay(retryPauses[retries++], time, stop);
        }
    }

    private ValueTask<MqttReasonCode> BeginPublish(Acknowledgement acknowledgement, PublishSpans? spans, CancellationToken stop) => client.PublishAsync(
        new MqttPublication
        {
            Topic = acknowledgement.Topic,
            Payload = acknowledgement.Payload,
            CorrelationData = acknowledgement.Correlation,
            UserProperties = spans?.UserProperties,
            Qos = MqttQos.AtLeastOnce,
        },
        stop);

    private void Refused(Acknowledgement acknowledgement, string reason)
    {
        metrics.Refused.Add(1);
        lock (_logLock)
        {
            if (_loggedAt is { } before && time.GetElapsedTime(before) < LogPause) return;
            _loggedAt = time.GetTimestamp();
        }

        logger.LogWarning("The broker does not take an acknowledgement on {Topic}: {Reason}. May the user of this service publish there?", acknowledgement.Topic, reason);
    }
}
