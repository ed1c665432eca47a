namespace Tally.Mqtt.Packets;

/// <summary>CONNACK (3.2).</summary>
internal sealed record ConnAckPacket
{
    public bool SessionPresent { get; init; }

    public MqttReasonCode Reason { get; init; }

    /// <summary>Null: as asked for.</summary>
    public uint? SessionExpiryInterval { get; init; }

    public ushort ReceiveMaximum { get; init; } = ushort.MaxValue;

    public MqttQos MaximumQos { get; init; } = MqttQos.ExactlyOnce;

    public bool RetainAvailable { get; init; } = true;

    /// <summary>Null: no limit but the protocol's.</summary>
    public uint? MaximumPacketSize { get; init; }

    public string? AssignedClientIdentifier { get; init; }

    public ushort TopicAliasMaximum { get; init; }

    public string? ReasonString { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public bool WildcardSubscriptionAvailable { get; init; } = true;

    public bool SubscriptionIdentifiersAvailable { get; init; } = true;

    public bool SharedSubscriptionAvailable { get; init; } = true;

    /// <summary>Seconds; null: as asked for.</summary>
    public ushort? ServerKeepAlive { get; init; }

    public string? ResponseInformation { get; init; }

    public string? ServerReference { get; init; }

    public string? AuthenticationMethod { get; init; }

    public ReadOnlyMemory<byte> AuthenticationData { get; init; }

    /// <summary>CONNACK of MQTT 3.1.1 (there 3.2): two bytes, the return code told as the reason code that means the same.</summary>
    public static ConnAckPacket DecodeVersion311(ReadOnlySpan<byte> body)
    {
        if (body.Length != 2) throw Violation.Malformed($"CONNACK of MQTT 3.1.1 with {body.Length} bytes instead of 2");
        if (body[0] > 1) throw Violation.Malformed($"CONNACK with reserved acknowledge flags 0x{body[0]:X2}");
        if (body[1] > 5) throw Violation.Protocol($"CONNACK of MQTT 3.1.1 with return code {body[1]}");
        if (body[1] != 0 && body[0] != 0) throw Violation.Protocol($"CONNACK refuses with return code {body[1]} and says that a session is present");
        return new ConnAckPacket { SessionPresent = body[0] == 1, Reason = body[1] == 0 ? MqttReasonCode.Success : FromVersion311(body[1]) };
    }

    public static ConnAckPacket Decode(ReadOnlySpan<byte> body)
    {
        // A broker that knows only MQTT 3.1.1 answers with its own two bytes, without properties (3.1.1, 3.2.2.3).
        if (body is [0, >= 1 and <= 5]) return new ConnAckPacket { Reason = FromVersion311(body[1]) };

        var reader = new PacketReader(body);
        var flags = reader.ReadByte();
        if (flags > 1) throw Violation.Malformed($"CONNACK with reserved acknowledge flags 0x{flags:X2}");
        var reason = ReasonCodes.Check(PacketType.ConnAck, reader.ReadByte());
        if (flags == 1 && reason != MqttReasonCode.Success) throw Violation.Protocol($"CONNACK refuses with 0x{(byte)reason:X2} and says that a session is present");

        var packet = new ConnAckPacket { SessionPresent = flags == 1, Reason = reason };
        var properties = new PropertyReader(ref reader, AllowedProperties.ConnAck);
        while (properties.TryNext(out var id)) packet = packet.With(id, ref properties);
        reader.ExpectEnd(PacketType.ConnAck);
        byte[] scratch = [];
        return packet with { UserProperties = properties.UserProperties(ref scratch).Encoded.ToArray() };
    }

    // Copies are cheap enough for what comes once a connection; at most seventeen, since none may be there twice.
    private ConnAckPacket With(PropertyId id, ref PropertyReader properties) => id switch
    {
        PropertyId.SessionExpiryInterval => this with { SessionExpiryInterval = properties.ReadUInt32() },
        PropertyId.ReceiveMaximum => this with { ReceiveMaximum = properties.ReadUInt16NotZero(id) },
        PropertyId.MaximumQos => this with { MaximumQos = properties.ReadFlag(id) ? MqttQos.AtLeastOnce : MqttQos.AtMostOnce },
        PropertyId.RetainAvailable => this with { RetainAvailable = properties.ReadFlag(id) },
        PropertyId.MaximumPacketSize => this with { MaximumPacketSize = properties.ReadUInt32NotZero(id) },
        PropertyId.AssignedClientIdentifier => this with { AssignedClientIdentifier = properties.ReadText() },
        PropertyId.TopicAliasMaximum => this with { TopicAliasMaximum = properties.ReadUInt16() },
        PropertyId.ReasonString => this with { ReasonString = properties.ReadText() },
        PropertyId.WildcardSubscriptionAvailable => this with { WildcardSubscriptionAvailable = properties.ReadFlag(id) },
        PropertyId.SubscriptionIdentifierAvailable => this with { SubscriptionIdentifiersAvailable = properties.ReadFlag(id) },
        PropertyId.SharedSubscriptionAvailable => this with { SharedSubscriptionAvailable = properties.ReadFlag(id) },
        PropertyId.ServerKeepAlive => this with { ServerKeepAlive = properties.ReadUInt16() },
        PropertyId.ResponseInformation => this with { ResponseInformation = properties.ReadText() },
        PropertyId.ServerReference => this with { ServerReference = properties.ReadText() },
        PropertyId.AuthenticationMethod => this with { AuthenticationMethod = properties.ReadText() },
        _ => this with { AuthenticationData = properties.ReadBinary().ToArray() },
    };

    private static MqttReasonCode FromVersion311(byte code) => code switch
    {
        1 => MqttReasonCode.UnsupportedProtocolVersion,
        2 => MqttReasonCode.ClientIdentifierNotValid,
        3 => MqttReasonCode.ServerUnavailable,
        4 => MqttReasonCode.BadUserNameOrPassword,
        _ => MqttReasonCode.NotAuthorized,
    };
}
