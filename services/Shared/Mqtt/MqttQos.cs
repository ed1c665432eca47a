namespace Tally.Mqtt;

/// <summary>Quality of service of a PUBLISH packet or a subscription (MQTT 5, 4.3).</summary>
public enum MqttQos : byte
{
    /// <summary>At most once: no acknowledgement.</summary>
    AtMostOnce = 0,

    /// <summary>At least once: acknowledged by PUBACK.</summary>
    AtLeastOnce = 1,

    /// <summary>Exactly once: PUBREC, PUBREL, PUBCOMP.</summary>
    ExactlyOnce = 2,
}
