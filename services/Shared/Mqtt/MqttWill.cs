namespace Tally.Mqtt;

/// <summary>What the broker publishes for a client whose connection ended without an orderly DISCONNECT (3.1.2.5, 3.1.3.2).</summary>
public sealed record MqttWill
{
    /// <summary>Topic name: 1 to 65,535 bytes of UTF-8, no wildcards.</summary>
    public required string Topic { get; init; }
    /// <summary>Application message, at most 65,535 bytes (3.1.3.4).</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }
    /// <summary>Quality of service to publish it with.</summary>
    public MqttQos Qos { get; init; }
    /// <summary>The broker shall keep it for later subscribers.</summary>
    public bool Retain { get; init; }
    /// <summary>
    /// How long the broker waits for the client to come back before publishing it (3.1.3.2.2), in whole seconds. It does
    /// not wait longer than the session lives. MQTT 5 only.
    /// </summary>
    public TimeSpan Delay { get; init; }
    /// <summary>How long it is of use once published (3.1.3.2.4), in whole seconds; null: for ever. MQTT 5 only.</summary>
    public TimeSpan? MessageExpiry { get; init; }
    /// <summary>MIME type of the payload (3.1.3.2.5). MQTT 5 only.</summary>
    public string? ContentType { get; init; }
    /// <summary>Topic for an answer (3.1.3.2.6). MQTT 5 only.</summary>
    public string? ResponseTopic { get; init; }
    /// <summary>What the answer shall carry back (3.1.3.2.7), at most 65,535 bytes. MQTT 5 only.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }
    /// <summary>The payload is UTF-8 (3.1.3.2.3). MQTT 5 only.</summary>
    public bool PayloadIsText { get; init; }
    /// <summary>User properties, in order (3.1.3.2.8). MQTT 5 only.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
}
