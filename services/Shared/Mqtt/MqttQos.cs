namespace Tally.Mqtt;

/// <summary>Quality of service of a PUBLISH packet or a subscription (MQTT 5, 4.3).</summary>
public enum MqttQos : byte
{
    /// <summary>No acknowledgement.</summary>
    AtMostOnce = 0,
    /// <summary>Acknowledged by PUBACK.</summary>
    AtLeastOnce = 1,
    /// <summary>PUBREC, PUBREL, PUBCOMP.</summary>
    ExactlyOnce = 2,
}
