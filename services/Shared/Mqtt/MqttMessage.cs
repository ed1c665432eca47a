using MQTTnet.Packets;

namespace Tally.Mqtt;

/// <summary>A message as it arrived (PUBLISH; MQTT 5, 3.3). Its spans are valid only until the handler returns.</summary>
public readonly ref struct MqttMessage
{
    /// <summary>Topic name, UTF-8; never empty, free of wildcards.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }
    /// <summary>Application message; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
    /// <summary>MIME type of the payload (3.3.2.3.9); null when absent.</summary>
    public string? ContentType { get; init; }
    /// <summary>Topic for the answer (3.3.2.3.5); null when absent.</summary>
    public string? ResponseTopic { get; init; }
    /// <summary>What the asker wants back with the answer (3.3.2.3.6); empty when absent.</summary>
    public ReadOnlySpan<byte> CorrelationData { get; init; }
    /// <summary>User properties (3.3.2.3.7), in the order of the packet; null: none.</summary>
    public IReadOnlyList<MqttUserProperty>? UserProperties { get; init; }
    /// <summary>Identifiers of the subscriptions that it matches (3.3.2.3.8); null: none.</summary>
    public IReadOnlyList<uint>? SubscriptionIdentifiers { get; init; }
    /// <summary>Seconds that the message is still of use (3.3.2.3.3); 0: for ever.</summary>
    public uint MessageExpiryInterval { get; init; }
    /// <summary>The payload is said to be UTF-8 (3.3.2.3.2).</summary>
    public bool PayloadIsText { get; init; }
    /// <summary>What to pass to <see cref="IMqttClient.Acknowledge(MqttDelivery)"/> once the message is taken care of.</summary>
    public MqttDelivery Delivery { get; init; }
    /// <summary>The QoS it was delivered with.</summary>
    public MqttQos Qos { get; init; }
    /// <summary>The message was retained by the broker before this subscription (3.3.1.3).</summary>
    public bool Retain { get; init; }
    /// <summary>The broker may have delivered it before (3.3.1.1).</summary>
    public bool Duplicate { get; init; }
}
