namespace Tally.Mqtt;

/// <summary>
/// A message to publish (PUBLISH; MQTT 5, 3.3). Its spans are copied before the call returns. An empty span means that
/// the property is absent.
/// </summary>
public readonly ref struct MqttPublication
{
    /// <summary>Topic name, UTF-8: 1 to 65,535 bytes, no wildcards, no NUL.</summary>
    public ReadOnlySpan<byte> Topic { get; init; }

    /// <summary>Application message; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>MIME type of the payload (3.3.2.3.9), UTF-8.</summary>
    public ReadOnlySpan<byte> ContentType { get; init; }

    /// <summary>Topic for the answer (3.3.2.3.5), UTF-8.</summary>
    public ReadOnlySpan<byte> ResponseTopic { get; init; }

    /// <summary>What the answer shall carry back (3.3.2.3.6).</summary>
    public ReadOnlySpan<byte> CorrelationData { get; init; }

    /// <summary>
    /// User properties (3.3.2.3.7), already encoded: take them from <see cref="MqttUserProperties.Encode"/> or from
    /// <see cref="MqttMessage.UserProperties"/>. Default: none.
    /// </summary>
    public MqttUserProperties UserProperties { get; init; }

    /// <summary>Seconds that the message is of use (3.3.2.3.3): the broker does not deliver it later; null: for ever.</summary>
    public uint? MessageExpiryInterval { get; init; }

    /// <summary>The payload is UTF-8 (3.3.2.3.2). Not checked here; the receiver may.</summary>
    public bool PayloadIsText { get; init; }

    /// <summary>Quality of service.</summary>
    public MqttQos Qos { get; init; }

    /// <summary>The broker shall keep it for later subscribers.</summary>
    public bool Retain { get; init; }
}
