using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Tally.Mqtt.Packets;

/// <summary>
/// Builds the packets that are few (all but PUBLISH and its acknowledgements): fields into one buffer, properties into
/// another, since their length stands before them.
/// </summary>
internal sealed class PacketBuilder(PacketType type, byte flags = 0)
{
    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly ArrayBufferWriter<byte> _properties = new();

    public void WriteByte(byte value) => Byte(_body, value);

    public void WriteUInt16(ushort value) => UInt16(_body, value);

    public void WriteString(string value) => String(_body, value);

    public void WriteBinary(ReadOnlySpan<byte> value) => Binary(_body, value);

    public void Property(PropertyId id, byte value)
    {
        Byte(_properties, (byte)id);
        Byte(_properties, value);
    }

    public void Property(PropertyId id, ushort value)
    {
        Byte(_properties, (byte)id);
        UInt16(_properties, value);
    }

    public void Property(PropertyId id, uint value)
    {
        Byte(_properties, (byte)id);
        BinaryPrimitives.WriteUInt32BigEndian(_properties.GetSpan(4), value);
        _properties.Advance(4);
    }

    /// <summary>Left out when null.</summary>
    public void Property(PropertyId id, string? value)
    {
        if (value is null) return;
        Byte(_properties, (byte)id);
        String(_properties, value);
    }

    /// <summary>Left out when empty.</summary>
    public void Property(PropertyId id, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return;
        Byte(_properties, (byte)id);
        Binary(_properties, value);
    }

    public void VariableProperty(PropertyId id, int value)
    {
        Byte(_properties, (byte)id);
        VariableInteger(_properties, value);
    }

    public void UserProperties(ReadOnlySpan<byte> encoded) => _properties.Write(encoded);

    /// <summary>Puts the properties collected so far into the packet and begins a new list.</summary>
    public void WriteProperties()
    {
        VariableInteger(_body, _properties.WrittenCount);
        _body.Write(_properties.WrittenSpan);
        _properties.ResetWrittenCount();
    }

    public void CompleteTo(IBufferWriter<byte> to)
    {
        Byte(to, (byte)(((int)type << 4) | flags));
        VariableInteger(to, _body.WrittenCount);
        to.Write(_body.WrittenSpan);
    }

    private static void Byte(IBufferWriter<byte> to, byte value)
    {
        to.GetSpan(1)[0] = value;
        to.Advance(1);
    }

    private static void UInt16(IBufferWriter<byte> to, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to.GetSpan(2), value);
        to.Advance(2);
    }

    private static void String(IBufferWriter<byte> to, string value) => Binary(to, Encoding.UTF8.GetBytes(value));

    private static void Binary(IBufferWriter<byte> to, ReadOnlySpan<byte> value)
    {
        UInt16(to, checked((ushort)value.Length));
        to.Write(value);
    }

    private static void VariableInteger(IBufferWriter<byte> to, int value)
    {
        var span = to.GetSpan(4);
        to.Advance(Packets.VariableInteger.Write(span, value));
    }
}
