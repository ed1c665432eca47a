namespace Tally.Mqtt;

/// <summary>Something went wrong in the MQTT protocol.</summary>
public class MqttException(MqttReasonCode reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The reason code that says it in MQTT's own terms (2.4).</summary>
    public MqttReasonCode Reason { get; } = reason;

    internal static MqttException Malformed(string what, Exception? inner = null) => new(MqttReasonCode.MalformedPacket, $"Malformed packet: {what.TrimEnd('.')}.", inner);
    internal static MqttException Protocol(string what) => new(MqttReasonCode.ProtocolError, $"Protocol error: {what}.");

    /// <summary>What the broker said for a person (property 0x1F, Reason String); null: nothing, or it was not the broker who said it.</summary>
    public string? ReasonString { get; init; }
}

/// <summary>The broker refuses this client, and trying again would not help.</summary>
public sealed class MqttRefusedException(MqttReasonCode reason, string message) : MqttException(reason, message);

/// <summary>The session ended with the message unacknowledged; publish it again if that is wanted.</summary>
public sealed class MqttSessionLostException(string message) : MqttException(MqttReasonCode.UnspecifiedError, message);
