using Shouldly;
using Tally.Mqtt;
using Tally.Testing.Hostile;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>Each thing that a single packet can have wrong, with random surroundings and the same seed in every run.</summary>
public sealed class HostilePacketTests
{
    private const ulong Seed = 20_261_120;
    private const int Times = 300;

    private static readonly IReadOnlyList<HostilePacket> All5 = [.. HostilePackets.Version5, .. HostilePackets.ConnAcks];
    private static readonly IReadOnlyList<HostilePacket> All311 = [.. HostilePackets.Version311, .. HostilePackets.ConnAcks311];

    public static TheoryData<string> Version5 => [.. All5.Select(packet => packet.Name).Distinct()];

    public static TheoryData<string> Version311 => [.. All311.Select(packet => packet.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Version5))]
    public void A_hostile_packet_is_refused_with_the_right_reason_code(string name) => Refuses(All5, name, MqttProtocolVersion.V500);

    [Theory]
    [MemberData(nameof(Version311))]
    public void A_hostile_packet_of_MQTT_3_1_1_is_refused_with_the_right_reason_code(string name) => Refuses(All311, name, MqttProtocolVersion.V311);

    [Theory]
    [InlineData(MqttProtocolVersion.V500)]
    [InlineData(MqttProtocolVersion.V311)]
    public void Valid_packets_are_taken(MqttProtocolVersion version)
    {
        var bytes = new PacketBytes();
        var valid = new ValidPackets(bytes, new Dice(Seed), (int)version);
        for (var time = 0; time < 10 * Times; time++)
        {
            bytes.Clear();
            valid.Any();
            Decode.All(bytes.Written.ToArray(), version).ShouldBeNull(Convert.ToHexString(bytes.Written));
        }
    }

    private static void Refuses(IReadOnlyList<HostilePacket> packets, string name, MqttProtocolVersion version)
    {
        var bytes = new PacketBytes();
        foreach (var packet in packets.Where(packet => packet.Name == name))
        {
            for (ulong time = 0; time < Times; time++)
            {
                bytes.Clear();
                packet.Write(bytes, new Dice(Seed + time));
                Decode.All(bytes.Written.ToArray(), version).ShouldBe(packet.Reason, $"{name}: {Convert.ToHexString(bytes.Written)}");
            }
        }
    }
}
