using Shouldly;
using Tally.Testing.Hostile;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Each thing that a single packet can have wrong, with random surroundings and the same seed in every run.</summary>
public sealed class HostilePacketTests
{
    private const ulong Seed = 20_261_120;
    private const int Times = 300;

    public static TheoryData<string> Version5 => [.. HostilePackets.Version5.Concat(HostilePackets.ConnAcks).Select(packet => packet.Name)];

    [Theory]
    [MemberData(nameof(Version5))]
    public void A_hostile_packet_is_refused_with_the_right_reason_code(string name)
    {
        var bytes = new PacketBytes();
        foreach (var packet in HostilePackets.Version5.Concat(HostilePackets.ConnAcks).Where(packet => packet.Name == name))
        {
            for (ulong time = 0; time < Times; time++)
            {
                bytes.Clear();
                packet.Write(bytes, new Dice(Seed + time));
                Decode.All(bytes.Written.ToArray()).ShouldBe(packet.Reason, $"{name}: {Convert.ToHexString(bytes.Written)}");
            }
        }
    }

    [Fact]
    public void Valid_packets_are_taken()
    {
        var bytes = new PacketBytes();
        var dice = new Dice(Seed);
        var valid = new ValidPackets(bytes, dice, version: 5);
        for (var time = 0; time < 10 * Times; time++)
        {
            bytes.Clear();
            valid.Any();
            Decode.All(bytes.Written.ToArray()).ShouldBeNull(Convert.ToHexString(bytes.Written));
        }
    }
}
