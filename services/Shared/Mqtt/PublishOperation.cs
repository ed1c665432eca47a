namespace Tally.Mqtt;

/// <summary>One <see cref="IMqttClient.PublishAsync"/>: the encoded message, still without packet identifier, and its result.</summary>
internal sealed class PublishOperation(byte[] packet, MqttQos qos, bool retain)
    : TaskCompletionSource<MqttReasonCode>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public byte[] Packet { get; } = packet;

    public MqttQos Qos { get; } = qos;

    public bool Retain { get; } = retain;
}
