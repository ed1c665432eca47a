using System.Collections.Concurrent;
using Shouldly;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Tally.Testing.Processes;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class HostileInputTests
{
    [Theory]
    [InlineData("reserved packet type 0", "0000", MqttReasonCode.MalformedPacket)]
    [InlineData("CONNECT from a broker", "1000", MqttReasonCode.ProtocolError)]
    [InlineData("SUBSCRIBE from a broker", "8200", MqttReasonCode.ProtocolError)]
    [InlineData("UNSUBSCRIBE from a broker", "A200", MqttReasonCode.ProtocolError)]
    [InlineData("PINGREQ from a broker", "C000", MqttReasonCode.ProtocolError)]
    [InlineData("reserved flags of CONNACK", "2103000000", MqttReasonCode.MalformedPacket)]
    [InlineData("reserved flags of PUBACK", "42020001", MqttReasonCode.MalformedPacket)]
    [InlineData("reserved flags of PUBREL", "60020001", MqttReasonCode.MalformedPacket)]
    [InlineData("reserved flags of PINGRESP", "D100", MqttReasonCode.MalformedPacket)]
    [InlineData("PINGRESP with a body", "D00100", MqttReasonCode.MalformedPacket)]
    [InlineData("Remaining Length of five bytes", "30FFFFFFFF01", MqttReasonCode.MalformedPacket)]
    [InlineData("packet over the maximum size", "30FFFFFF7F", MqttReasonCode.PacketTooLarge)]
    [InlineData("empty PUBLISH", "3000", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH at QoS 3", "3600", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH with DUP at QoS 0", "3804" + "000174" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH whose topic is longer than the packet", "3004" + "00FF74" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH without topic and alias", "3003" + "0000" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("PUBLISH with + in the topic", "3005" + "0002742B" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH with # in the topic", "3005" + "00022374" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH with U+0000 in the topic", "3004" + "000100" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH whose topic is not UTF-8", "3004" + "0001FF" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH with a surrogate in the topic", "3006" + "0003EDA080" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBLISH with packet identifier 0", "3206" + "000174" + "0000" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("PUBLISH without packet identifier", "3203" + "000174", MqttReasonCode.MalformedPacket)]
    [InlineData("properties longer than the packet", "3004" + "000174" + "7F", MqttReasonCode.MalformedPacket)]
    [InlineData("property length of five bytes", "3008" + "000174" + "8080808001", MqttReasonCode.MalformedPacket)]
    [InlineData("property of another packet", "3009" + "000174" + "05" + "1100000001", MqttReasonCode.MalformedPacket)]
    [InlineData("unknown property", "3006" + "000174" + "02" + "7F00", MqttReasonCode.MalformedPacket)]
    [InlineData("property identifier of two bytes", "3006" + "000174" + "02" + "8101", MqttReasonCode.MalformedPacket)]
    [InlineData("truncated property", "3006" + "000174" + "02" + "0200", MqttReasonCode.MalformedPacket)]
    [InlineData("Response Topic with a wildcard", "3008" + "000174" + "04" + "0800012B", MqttReasonCode.MalformedPacket)]
    [InlineData("empty Response Topic", "3007" + "000174" + "03" + "080000", MqttReasonCode.MalformedPacket)]
    [InlineData("subscription identifier 0", "3006" + "000174" + "02" + "0B00", MqttReasonCode.ProtocolError)]
    [InlineData("user property that is not UTF-8", "300A" + "000174" + "06" + "260001FF0000", MqttReasonCode.MalformedPacket)]
    [InlineData("user property without a value", "3008" + "000174" + "04" + "26000161", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBACK without packet identifier", "4001" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBACK with packet identifier 0", "4002" + "0000", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with reserved acknowledge flags", "2003" + "02" + "00" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("CONNACK that refuses a present session", "2003" + "01" + "87" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with a property of PUBLISH", "2005" + "0000" + "02" + "0100", MqttReasonCode.MalformedPacket)]
    [InlineData("SUBACK with packet identifier 0", "9004" + "0000" + "00" + "00", MqttReasonCode.ProtocolError)]
    public void What_a_broker_must_not_send_is_refused_with_its_reason_code(string what, string packet, MqttReasonCode reason) =>
        Refusal(Convert.FromHexString(packet)).ShouldBe(reason, what);

    [Fact]
    public void A_packet_over_the_maximum_size_is_refused_by_its_header_alone()
    {
        Refusal([0x30, 0x80, 0x80, 0x01], 16_000).ShouldBe(MqttReasonCode.PacketTooLarge);
        Refusal([0x30, 0x80, 0x80, 0x01], 16_384 + 4).ShouldBeNull();
    }

    [Fact]
    public async Task A_shorter_run_of_the_fuzz_benchmark_does_no_harm()
    {
        var printed = new ConcurrentQueue<string>();
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "Tally.Benchmarks.dll"), "fuzz", "--packets", "100000"];
        await using var run = ChildProcess.Start(new ChildCommand { Name = "fuzz", Program = DotnetHost.Path, Arguments = arguments }, printed.Enqueue);
        (await run.Exited.WaitAsync(TestContext.Current.CancellationToken)).ShouldBe(0, string.Join('\n', printed));
        printed.ShouldContain("No harm done.");
    }

    /// <summary>What a stream is refused with; null: with nothing.</summary>
    private static MqttReasonCode? Refusal(byte[] stream, int maximumPacketSize = 1 << 20)
    {
        var (buffer, decoder) = (new PacketBuffer(maximumPacketSize), new PacketDecoder(MqttProtocolVersion.V500));
        try
        {
            using var source = new MemoryStream(stream);
            while (buffer.Fill(source) > 0)
            {
                while (buffer.TryTake(out var first, out var body)) decoder.Decode(first, body);
            }

            return null;
        }
        catch (MqttException refused)
        {
            return refused.Reason;
        }
    }
}
