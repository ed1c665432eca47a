using System.Buffers.Binary;

namespace Tally.Mqtt.Packets;

/// <summary>
/// Turns an encoded PUBLISH of MQTT 5 into another form for one connection: that of MQTT 3.1.1, which has no properties
/// (3.1.1, 3.3.2), or one with a topic alias (3.3.2.3.4). What is kept stays as it is, so it fits the next connection too.
/// </summary>
internal readonly ref struct PublishForm
{
    /// <summary>An alias that comes with its topic makes a packet longer by at most so much: the property, and a digit more in each length.</summary>
    public const int MostAdded = AliasPropertyLength + 2;

    private const int AliasPropertyLength = 3;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _topicAt;
    private readonly int _propertiesAt;
    private readonly int _propertiesEnd;

    /// <summary>Finds the parts of the packet.</summary>
    public PublishForm(ReadOnlySpan<byte> packet)
    {
        _packet = packet;
        var at = 1;
        while (packet[at++] >= 0x80)
        {
            // Skips the Remaining Length.
        }

        _topicAt = at + 2;
        Topic = packet.Slice(_topicAt, BinaryPrimitives.ReadUInt16BigEndian(packet[at..]));
        var rest = new PacketReader(packet[(_topicAt + Topic.Length)..]);
        if ((packet[0] & 0x06) != 0) PacketId = rest.ReadUInt16();
        var propertyLength = rest.ReadVariableInteger();
        _propertiesAt = packet.Length - rest.Rest.Length;
        _propertiesEnd = _propertiesAt + propertyLength;
    }

    /// <summary>Topic name.</summary>
    public ReadOnlySpan<byte> Topic { get; }

    /// <summary>0 at QoS 0.</summary>
    public ushort PacketId { get; }

    private ReadOnlySpan<byte> Properties => _packet[_propertiesAt.._propertiesEnd];

    private ReadOnlySpan<byte> Payload => _packet[_propertiesEnd..];

    private int PacketIdLength => PacketId == 0 ? 0 : 2;

    /// <summary>Appends it in the form of MQTT 3.1.1.</summary>
    public void AppendVersion311(OutgoingBuffer to)
    {
        var length = 2 + Topic.Length + PacketIdLength + Payload.Length;
        var rest = AppendStart(to, length, Topic);
        Payload.CopyTo(rest);
    }

    /// <summary>Appends it with an alias.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="known">The broker has heard of it on this connection: the topic is left out.</param>
    public void AppendAliased(OutgoingBuffer to, ushort alias, bool known)
    {
        var topic = known ? default : Topic;
        var propertyLength = Properties.Length + AliasPropertyLength;
        var length = 2 + topic.Length + PacketIdLength + VariableInteger.Length(propertyLength) + propertyLength + Payload.Length;
        var rest = AppendStart(to, length, topic);
        var at = VariableInteger.Write(rest, propertyLength);
        rest[at] = (byte)PropertyId.TopicAlias;
        BinaryPrimitives.WriteUInt16BigEndian(rest[(at + 1)..], alias);
        at += AliasPropertyLength;
        Properties.CopyTo(rest[at..]);
        Payload.CopyTo(rest[(at + Properties.Length)..]);
    }

    private Span<byte> AppendStart(OutgoingBuffer to, int length, ReadOnlySpan<byte> topic)
    {
        var rest = to.Append(1 + VariableInteger.Length(length) + length);
        rest[0] = _packet[0];
        rest = rest[(1 + VariableInteger.Write(rest[1..], length))..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)topic.Length);
        topic.CopyTo(rest[2..]);
        rest = rest[(2 + topic.Length)..];
        if (PacketId == 0) return rest;
        BinaryPrimitives.WriteUInt16BigEndian(rest, PacketId);
        return rest[2..];
    }
}
