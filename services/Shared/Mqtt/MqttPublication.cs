namespace Tally.Mqtt;

/// <summary>A message to publish (PUBLISH; MQTT 5, 3.3). Copied when it is taken for sending.</summary>
public readonly record struct MqttPublication
{
    /// <summary>Topic name: 1 to 65,535 bytes of UTF-8, no wildcards, no U+0000.</summary>
    public required string Topic { get; init; }
    /// <summary>Application message; may be empty.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }
    /// <summary>MIME type of the payload (3.3.2.3.9). As all that follows up to <see cref="PayloadIsText"/>: MQTT 5 only.</summary>
    public string? ContentType { get; init; }
    /// <summary>Topic for the answer (3.3.2.3.5).</summary>
    public string? ResponseTopic { get; init; }
    /// <summary>What the answer shall carry back (3.3.2.3.6).</summary>
    public byte[]? CorrelationData { get; init; }
    /// <summary>User properties, in order (3.3.2.3.7).</summary>
    public List<MqttUserProperty>? UserProperties { get; init; }
    /// <summary>Seconds that the message is of use (3.3.2.3.3): the broker does not deliver it later; 0: for ever.</summary>
    public uint MessageExpiryInterval { get; init; }
    /// <summary>The payload is UTF-8 (3.3.2.3.2). Not checked here; the receiver may.</summary>
    public bool PayloadIsText { get; init; }
    /// <summary>Quality of service.</summary>
    public MqttQos Qos { get; init; }
    /// <summary>The broker shall keep it for later subscribers.</summary>
    public bool Retain { get; init; }
}
