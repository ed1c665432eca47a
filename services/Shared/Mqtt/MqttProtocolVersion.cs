namespace Tally.Mqtt;

/// <summary>Version of MQTT.</summary>
public enum MqttProtocolVersion : byte
{
    /// <summary>5, and 3.1.1 when the broker refuses that version.</summary>
    Automatic = 0,
    /// <summary>MQTT 3.1.1, protocol level 4. Properties, reason codes and whatever else is new in 5 are not there.</summary>
    V311 = 4,
    /// <summary>MQTT 5, protocol level 5.</summary>
    V500 = 5,
}
