using MQTTnet.Packets;

namespace Tally.Mqtt;

/// <summary>A message as it arrived (PUBLISH; MQTT 5, 3.3). Its spans are valid only until the handler returns.</summary>
public readonly ref struct MqttMessage
{
    /// <summary>Topic name, UTF-8; never empty, free of wildcards.</summary>
    public required ReadOnlySpan<byte> Topic { get; init; }
    /// <summary>Application message; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
    /// <summary>Flags and properties, as MQTTnet has them: null, or 0, where there is none. Its topic is empty where an alias stands for it.</summary>
    public required MqttPublishPacket Packet { get; init; }
    /// <summary>What to pass to <see cref="IMqttClient.Acknowledge(MqttDelivery)"/> once the message is taken care of.</summary>
    public MqttDelivery Delivery { get; init; }
    /// <summary>The QoS it was delivered with.</summary>
    public MqttQos Qos => (MqttQos)Packet.QualityOfServiceLevel;
}
