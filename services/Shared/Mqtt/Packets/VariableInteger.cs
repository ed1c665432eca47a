namespace Tally.Mqtt.Packets;

/// <summary>Variable byte integers (1.5.5), writing side.</summary>
internal static class VariableInteger
{
    public static int Length(int value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        _ => 4,
    };

    public static int Write(Span<byte> to, int value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            to[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[length++] = (byte)value;
        return length;
    }
}
