namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>Changes valid packets, as a broken or malicious network would.</summary>
internal static class Mutation
{
    /// <summary>One to eight changes: a bit, a byte, a length that lies, bytes more, fewer, or doubled, an end cut off.</summary>
    public static void Apply(PacketBytes packet, Dice dice)
    {
        for (var changes = 1 + dice.Below(dice.Percent(70) ? 2 : 8); changes > 0 && packet.Count > 0; changes--)
        {
            // The first bytes hold type, lengths and topic: half of the changes go there.
            var at = dice.Below(dice.Percent(50) ? Math.Min(8, packet.Count) : packet.Count);
            switch (dice.Below(8))
            {
                case 0 or 1:
                    packet.Written[at] ^= (byte)(1 << dice.Below(8));
                    break;
                case 2 or 3:
                    packet.Written[at] = (byte)dice.Next();
                    break;
                case 4:
                    packet.Written[at] = dice.One<byte>([0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF]);
                    break;
                case 5:
                    dice.Fill(packet.Insert(at, dice.Between(1, 5)));
                    break;
                case 6:
                    packet.Remove(at, Math.Min(dice.Between(1, 5), packet.Count - at));
                    break;
                default:
                    packet.Cut(at);
                    break;
            }
        }
    }
}
