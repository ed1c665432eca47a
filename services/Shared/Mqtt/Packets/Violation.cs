namespace Tally.Mqtt.Packets;

/// <summary>What a peer can do wrong, as exceptions that carry the reason code for DISCONNECT (4.13).</summary>
internal static class Violation
{
    /// <summary>0x81: the bytes do not parse as the specification says.</summary>
    public static MqttException Malformed(string what, Exception? inner = null) => new(MqttReasonCode.MalformedPacket, $"Malformed packet: {what.TrimEnd('.')}.", inner);

    /// <summary>0x82: the packet parses, but is out of place or holds what it must not.</summary>
    public static MqttException Protocol(string what) => new(MqttReasonCode.ProtocolError, $"Protocol error: {what}.");
}
