using System.Buffers;

namespace Tally.Mqtt.Packets;

/// <summary>CONNECT (3.1).</summary>
internal sealed record ConnectPacket
{
    /// <summary>5 or 3.1.1, whose CONNECT has no properties.</summary>
    public MqttProtocolVersion Version { get; init; } = MqttProtocolVersion.V500;

    public required string ClientId { get; init; }

    public bool CleanStart { get; init; }

    /// <summary>Seconds.</summary>
    public ushort KeepAlive { get; init; }

    public string? UserName { get; init; }

    public ReadOnlyMemory<byte>? Password { get; init; }

    public WillMessage? Will { get; init; }

    /// <summary>Seconds.</summary>
    public uint SessionExpiryInterval { get; init; }

    public ushort ReceiveMaximum { get; init; } = ushort.MaxValue;

    public uint? MaximumPacketSize { get; init; }

    public ushort TopicAliasMaximum { get; init; }

    public bool RequestResponseInformation { get; init; }

    public bool RequestProblemInformation { get; init; } = true;

    public string? AuthenticationMethod { get; init; }

    public ReadOnlyMemory<byte> AuthenticationData { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public void Encode(IBufferWriter<byte> to)
    {
        var packet = new PacketBuilder(PacketType.Connect);
        packet.WriteString("MQTT");
        packet.WriteByte((byte)Version);
        packet.WriteByte(Flags());
        packet.WriteUInt16(KeepAlive);
        if (Version != MqttProtocolVersion.V311)
        {
            AddProperties(packet);
            packet.WriteProperties();
        }

        packet.WriteString(ClientId);
        Will?.WriteTo(packet, Version);
        if (UserName is not null) packet.WriteString(UserName);
        if (Password is { } password) packet.WriteBinary(password.Span);
        packet.CompleteTo(to);
    }

    private byte Flags() => (byte)(
        (CleanStart ? 0x02 : 0) |
        (Will is null ? 0 : 0x04 | ((int)Will.Qos << 3) | (Will.Retain ? 0x20 : 0)) |
        (Password is null ? 0 : 0x40) |
        (UserName is null ? 0 : 0x80));

    // What has its default value is left out: some brokers of few means refuse what they do not know.
    private void AddProperties(PacketBuilder packet)
    {
        if (SessionExpiryInterval != 0) packet.Property(PropertyId.SessionExpiryInterval, SessionExpiryInterval);
        if (ReceiveMaximum != ushort.MaxValue) packet.Property(PropertyId.ReceiveMaximum, ReceiveMaximum);
        if (MaximumPacketSize is { } size) packet.Property(PropertyId.MaximumPacketSize, size);
        if (TopicAliasMaximum != 0) packet.Property(PropertyId.TopicAliasMaximum, TopicAliasMaximum);
        if (RequestResponseInformation) packet.Property(PropertyId.RequestResponseInformation, 1);
        if (!RequestProblemInformation) packet.Property(PropertyId.RequestProblemInformation, 0);
        packet.Property(PropertyId.AuthenticationMethod, AuthenticationMethod);
        packet.Property(PropertyId.AuthenticationData, AuthenticationData.Span);
        packet.UserProperties(UserProperties.Span);
    }
}

/// <summary>What the broker publishes when the connection ends without DISCONNECT (3.1.2.5).</summary>
internal sealed record WillMessage
{
    public required string Topic { get; init; }

    public ReadOnlyMemory<byte> Payload { get; init; }

    public MqttQos Qos { get; init; }

    public bool Retain { get; init; }

    /// <summary>Seconds.</summary>
    public uint DelayInterval { get; init; }

    public bool PayloadIsText { get; init; }

    /// <summary>Seconds; null: never expires.</summary>
    public uint? MessageExpiryInterval { get; init; }

    public string? ContentType { get; init; }

    public string? ResponseTopic { get; init; }

    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>User properties, encoded.</summary>
    public ReadOnlyMemory<byte> UserProperties { get; init; }

    public void WriteTo(PacketBuilder packet, MqttProtocolVersion version)
    {
        if (version != MqttProtocolVersion.V311) WriteProperties(packet);
        packet.WriteString(Topic);
        packet.WriteBinary(Payload.Span);
    }

    private void WriteProperties(PacketBuilder packet)
    {
        if (DelayInterval != 0) packet.Property(PropertyId.WillDelayInterval, DelayInterval);
        if (PayloadIsText) packet.Property(PropertyId.PayloadFormatIndicator, 1);
        if (MessageExpiryInterval is { } expiry) packet.Property(PropertyId.MessageExpiryInterval, expiry);
        packet.Property(PropertyId.ContentType, ContentType);
        packet.Property(PropertyId.ResponseTopic, ResponseTopic);
        packet.Property(PropertyId.CorrelationData, CorrelationData.Span);
        packet.UserProperties(UserProperties.Span);
        packet.WriteProperties();
    }
}
