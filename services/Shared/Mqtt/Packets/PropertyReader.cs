using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>Walks over the properties of a packet (2.2.2): each allowed there, none twice but those that may.</summary>
internal ref struct PropertyReader
{
    private const ulong Repeatable = (1UL << (int)PropertyId.UserProperty) | (1UL << (int)PropertyId.SubscriptionIdentifier);

    private readonly ReadOnlySpan<byte> _all;
    private readonly ulong _allowed;
    private PacketReader _reader;
    private ulong _seen;
    private int _userStart;
    private int _userLength;
    private bool _userScattered;

    /// <summary>Takes the property length and the properties from <paramref name="packet"/>.</summary>
    public PropertyReader(scoped ref PacketReader packet, ulong allowed)
    {
        _all = packet.ReadBytes(packet.ReadVariableInteger());
        _reader = new PacketReader(_all);
        _allowed = allowed;
    }

    /// <summary>The bytes of all properties, read or not.</summary>
    public readonly ReadOnlySpan<byte> All => _all;

    /// <summary>Goes to the next property; its value has to be read before the next call. User properties are read here.</summary>
    public bool TryNext(out PropertyId id)
    {
        while (!_reader.IsEmpty)
        {
            var start = _all.Length - _reader.Rest.Length;
            var identifier = _reader.ReadByte();
            id = (PropertyId)identifier;
            var bit = identifier < 64 ? 1UL << identifier : 0;
            if ((_allowed & bit) == 0) throw Violation.Malformed($"property 0x{identifier:X2} does not belong into this packet");
            if ((_seen & bit & ~Repeatable) != 0) throw Violation.Protocol($"property {id} is there twice");
            _seen |= bit;
            if (id != PropertyId.UserProperty) return true;
            _reader.ReadString();
            _reader.ReadString();
            NoteUserProperty(start, _all.Length - _reader.Rest.Length);
        }

        id = default;
        return false;
    }

    public byte ReadByte() => _reader.ReadByte();

    public ushort ReadUInt16() => _reader.ReadUInt16();

    public uint ReadUInt32() => _reader.ReadUInt32();

    public int ReadVariableInteger() => _reader.ReadVariableInteger();

    public ReadOnlySpan<byte> ReadBinary() => _reader.ReadBinary();

    public ReadOnlySpan<byte> ReadString() => _reader.ReadString();

    /// <summary>For what happens once a connection.</summary>
    public string ReadText() => Encoding.UTF8.GetString(_reader.ReadString());

    /// <summary>A byte that is 0 or 1.</summary>
    public bool ReadFlag(PropertyId id)
    {
        var value = _reader.ReadByte();
        if (value > 1) throw Violation.Protocol($"{id} is {value}, not 0 or 1");
        return value == 1;
    }

    public ushort ReadUInt16NotZero(PropertyId id)
    {
        var value = _reader.ReadUInt16();
        if (value == 0) throw Violation.Protocol($"{id} is 0");
        return value;
    }

    public uint ReadUInt32NotZero(PropertyId id)
    {
        var value = _reader.ReadUInt32();
        if (value == 0) throw Violation.Protocol($"{id} is 0");
        return value;
    }

    /// <summary>
    /// The user properties seen so far, side by side. Where other properties stand between them they are brought
    /// together in <paramref name="scratch"/>, which grows at most to the length of the properties that have arrived.
    /// </summary>
    public readonly MqttUserProperties UserProperties(scoped ref byte[] scratch)
    {
        if (!_userScattered) return new MqttUserProperties(_all.Slice(_userStart, _userLength));
        if (scratch.Length < _all.Length) scratch = new byte[_all.Length];
        var length = 0;
        var again = new PacketReader(_all);
        while (!again.IsEmpty)
        {
            var from = again.Rest;
            if ((PropertyId)again.ReadByte() != PropertyId.UserProperty)
            {
                Skip(ref again, (PropertyId)from[0]);
                continue;
            }

            again.ReadBinary();
            again.ReadBinary();
            from[..(from.Length - again.Rest.Length)].CopyTo(scratch.AsSpan(length));
            length += from.Length - again.Rest.Length;
        }

        return new MqttUserProperties(scratch.AsSpan(0, length));
    }

    private void NoteUserProperty(int start, int end)
    {
        if (_userLength == 0) _userStart = start;
        else if (start != _userStart + _userLength) _userScattered = true;
        _userLength = end - _userStart;
    }

    /// <summary>Passes over the value of a property.</summary>
    public static void Skip(ref PacketReader reader, PropertyId id)
    {
        switch (id)
        {
            case PropertyId.PayloadFormatIndicator or PropertyId.MaximumQos or PropertyId.RetainAvailable or
                PropertyId.WildcardSubscriptionAvailable or PropertyId.SubscriptionIdentifierAvailable or
                PropertyId.SharedSubscriptionAvailable:
                reader.ReadByte();
                break;
            case PropertyId.ServerKeepAlive or PropertyId.ReceiveMaximum or PropertyId.TopicAliasMaximum or PropertyId.TopicAlias:
                reader.ReadUInt16();
                break;
            case PropertyId.MessageExpiryInterval or PropertyId.SessionExpiryInterval or PropertyId.MaximumPacketSize:
                reader.ReadUInt32();
                break;
            case PropertyId.SubscriptionIdentifier:
                reader.ReadVariableInteger();
                break;
            case PropertyId.UserProperty:
                reader.ReadBinary();
                reader.ReadBinary();
                break;
            default:
                reader.ReadBinary();
                break;
        }
    }
}
