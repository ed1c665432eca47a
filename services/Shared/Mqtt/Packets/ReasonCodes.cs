namespace Tally.Mqtt.Packets;

/// <summary>Which reason codes a packet from the broker may hold (2.4 and the table of each packet).</summary>
internal static class ReasonCodes
{
    public static MqttReasonCode Check(PacketType type, byte value)
    {
        if (value == 0 || Allowed(type).Contains(value)) return (MqttReasonCode)value;
        throw Violation.Protocol($"{type} with reason code 0x{value:X2}");
    }

    /// <summary>Trying again does not change it: the message to the person who runs this says what does.</summary>
    public static bool IsFinal(MqttReasonCode reason) => reason is
        MqttReasonCode.UnsupportedProtocolVersion or MqttReasonCode.ClientIdentifierNotValid or
        MqttReasonCode.BadUserNameOrPassword or MqttReasonCode.NotAuthorized or MqttReasonCode.Banned or
        MqttReasonCode.BadAuthenticationMethod or MqttReasonCode.SessionTakenOver or MqttReasonCode.ServerMoved;

    /// <summary>A client may end its connection with it (3.14.2.1).</summary>
    public static bool MayBeSentWithDisconnect(MqttReasonCode reason) =>
        reason is MqttReasonCode.Success or MqttReasonCode.DisconnectWithWill ||
        ((ReadOnlySpan<byte>)[0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]).Contains((byte)reason);

    private static ReadOnlySpan<byte> Allowed(PacketType type) => type switch
    {
        PacketType.ConnAck =>
        [
            0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C,
            0x9D, 0x9F,
        ],
        PacketType.PubAck or PacketType.PubRec => [0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        PacketType.PubRel or PacketType.PubComp => [0x92],
        PacketType.SubAck => [0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2],
        PacketType.UnsubAck => [0x11, 0x80, 0x83, 0x87, 0x8F, 0x91],
        PacketType.Disconnect =>
        [
            0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
            0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
        ],
        PacketType.Auth => [0x18],
        _ => [],
    };
}
