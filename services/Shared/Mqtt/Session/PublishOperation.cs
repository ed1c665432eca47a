namespace Tally.Mqtt.Session;

/// <summary>One <see cref="IMqttClient.PublishAsync"/>: the message, copied, and its result.</summary>
internal sealed class PublishOperation(in MqttPublication publication) : TaskCompletionSource<MqttReasonCode>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public MqttPublication Publication { get; } = publication with
    {
        Payload = publication.Payload.ToArray(), CorrelationData = publication.CorrelationData?.ToArray(), UserProperties = publication.UserProperties?.ToList(),
    };
}
