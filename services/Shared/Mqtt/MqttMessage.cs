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

/// <summary>
/// Names one delivery that waits for its acknowledgement. A packet identifier means nothing on the next connection
/// (MQTT 5, 4.4), so the connection's epoch goes with it: an acknowledgement of an earlier epoch is dropped, because the
/// broker delivers that message again. A delivery of QoS 2 stays good on later connections of its session, because it is
/// handed over once only.
/// </summary>
/// <param name="Epoch">Number of the connection it arrived on: 1 for the first of this process.</param>
/// <param name="PacketId">Packet identifier; 0 for QoS 0, which is not acknowledged.</param>
public readonly record struct MqttDelivery(int Epoch, ushort PacketId)
{
    /// <summary>Tells deliveries with one packet identifier on one connection from each other.</summary>
    internal ushort Turn { get; init; }
}
