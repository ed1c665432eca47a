using FsCheck.Fluent;
using Shouldly;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class HostileInputTests
{
    // An exception with its message and stack trace is a few kilobytes; what the input claims about its size is up to 256 MB.
    private const long MostBytesAllocated = 64 * 1024;

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
    [InlineData("Remaining Length not in its shortest form", "D08000", MqttReasonCode.MalformedPacket)]
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
    [InlineData("PUBLISH without properties' length", "3003" + "000174", MqttReasonCode.MalformedPacket)]
    [InlineData("properties longer than the packet", "3004" + "000174" + "7F", MqttReasonCode.MalformedPacket)]
    [InlineData("property length of five bytes", "3008" + "000174" + "8080808001", MqttReasonCode.MalformedPacket)]
    [InlineData("property length not in its shortest form", "3005" + "000174" + "8000", MqttReasonCode.MalformedPacket)]
    [InlineData("property of another packet", "3009" + "000174" + "05" + "1100000001", MqttReasonCode.MalformedPacket)]
    [InlineData("unknown property", "3006" + "000174" + "02" + "7F00", MqttReasonCode.MalformedPacket)]
    [InlineData("property identifier of two bytes", "3006" + "000174" + "02" + "8101", MqttReasonCode.MalformedPacket)]
    [InlineData("truncated property", "3006" + "000174" + "02" + "0200", MqttReasonCode.MalformedPacket)]
    [InlineData("Content Type twice", "300A" + "000174" + "06" + "030000" + "030000", MqttReasonCode.ProtocolError)]
    [InlineData("Payload Format Indicator 2", "3006" + "000174" + "02" + "0102", MqttReasonCode.ProtocolError)]
    [InlineData("Response Topic with a wildcard", "3008" + "000174" + "04" + "0800012B", MqttReasonCode.MalformedPacket)]
    [InlineData("empty Response Topic", "3007" + "000174" + "03" + "080000", MqttReasonCode.MalformedPacket)]
    [InlineData("subscription identifier 0", "3006" + "000174" + "02" + "0B00", MqttReasonCode.ProtocolError)]
    [InlineData("topic alias where none was allowed", "3007" + "000174" + "03" + "230001", MqttReasonCode.TopicAliasInvalid)]
    [InlineData("topic alias 0", "3007" + "000174" + "03" + "230000", MqttReasonCode.TopicAliasInvalid)]
    [InlineData("user property that is not UTF-8", "300A" + "000174" + "06" + "260001FF0000", MqttReasonCode.MalformedPacket)]
    [InlineData("user property without a value", "3008" + "000174" + "04" + "26000161", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBACK without packet identifier", "4001" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBACK with packet identifier 0", "4002" + "0000", MqttReasonCode.ProtocolError)]
    [InlineData("PUBACK with a reason code of SUBACK", "4003" + "0001" + "8F", MqttReasonCode.ProtocolError)]
    [InlineData("PUBACK with more behind its properties", "4005" + "0001" + "00" + "00" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("PUBCOMP with a reason code of PUBACK", "7003" + "0001" + "10", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with reserved acknowledge flags", "2003" + "02" + "00" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("CONNACK without properties", "2002" + "0000", MqttReasonCode.MalformedPacket)]
    [InlineData("CONNACK that refuses a present session", "2003" + "01" + "87" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with a reason code of DISCONNECT", "2003" + "00" + "8E" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with Receive Maximum 0", "2006" + "0000" + "03" + "210000", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with Maximum QoS 2", "2005" + "0000" + "02" + "2402", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with Retain Available 2", "2005" + "0000" + "02" + "2502", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with Maximum Packet Size 0", "2008" + "0000" + "05" + "2700000000", MqttReasonCode.ProtocolError)]
    [InlineData("CONNACK with a property of PUBLISH", "2005" + "0000" + "02" + "0100", MqttReasonCode.MalformedPacket)]
    [InlineData("SUBACK without reason code", "9003" + "0001" + "00", MqttReasonCode.MalformedPacket)]
    [InlineData("SUBACK with reason code 3", "9004" + "0001" + "00" + "03", MqttReasonCode.ProtocolError)]
    [InlineData("SUBACK with packet identifier 0", "9004" + "0000" + "00" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("DISCONNECT with a reason code of clients", "E001" + "04", MqttReasonCode.ProtocolError)]
    [InlineData("DISCONNECT with a session expiry", "E007" + "00" + "05" + "1100000001", MqttReasonCode.ProtocolError)]
    [InlineData("AUTH without a method", "F002" + "18" + "00", MqttReasonCode.ProtocolError)]
    [InlineData("AUTH with a reason code of clients", "F002" + "19" + "00", MqttReasonCode.ProtocolError)]
    public void What_a_broker_must_not_send_is_refused_with_its_reason_code(string what, string packet, MqttReasonCode reason) =>
        Decode.All(Convert.FromHexString(packet)).ShouldBe(reason, what);

    [Fact]
    public void A_packet_over_the_maximum_size_is_refused_by_its_header_alone()
    {
        var refused = Should.Throw<MqttException>(() => FixedHeader.TryRead([0x30, 0x80, 0x80, 0x01], 16_000, out _));
        refused.Reason.ShouldBe(MqttReasonCode.PacketTooLarge);
        FixedHeader.TryRead([0x30, 0x80, 0x80, 0x01], 16_384 + 4, out var header).ShouldBeTrue();
        header.PacketLength.ShouldBe(16_384 + 4);
    }

    [Fact]
    public void A_packet_cut_short_anywhere_waits_for_more_or_is_refused() => Generate.ForAll(
        from packet in Generate.Packet
        from cut in Gen.Choose(0, int.MaxValue)
        select (packet, cut),
        sample =>
        {
            // Cut off the stream: nothing is handed over. Cut, with a length that says so: it is refused, or whole by chance.
            var cut = sample.cut % sample.packet.Length;
            Decode.All(sample.packet[..cut]).ShouldBeNull();
            FixedHeader.TryRead(sample.packet, Decode.MaximumPacketSize, out var header).ShouldBeTrue();
            var body = sample.packet.AsSpan(header.Length, Math.Max(0, Math.Min(cut, header.BodyLength)));
            Survives(Frame(sample.packet[0], body));
        });

    [Fact]
    public void Changed_bytes_in_a_valid_packet_give_a_protocol_error_or_another_packet() => Generate.ForAll(
        from packet in Generate.Packet
        from changes in Gen.NonEmptyListOf(Gen.Choose(0, int.MaxValue).Zip(Gen.Choose(0, 255), (at, value) => (at, value)))
        select (packet, changes),
        sample =>
        {
            var bytes = (byte[])sample.packet.Clone();
            foreach (var (at, value) in sample.changes) bytes[at % bytes.Length] = (byte)value;
            Survives(bytes);
        },
        tests: 1500);

    [Fact]
    public void Random_bytes_give_a_protocol_error_or_a_packet() => Generate.ForAll(Generate.Bytes, Survives, tests: 1500);

    [Fact]
    public void Random_bodies_under_a_valid_header_give_a_protocol_error_or_a_packet() => Generate.ForAll(
        from first in Gen.Elements<byte>(0x20, 0x30, 0x31, 0x32, 0x34, 0x3A, 0x40, 0x50, 0x62, 0x70, 0x90, 0xB0, 0xD0, 0xE0, 0xF0)
        from body in Generate.Bytes
        select Frame(first, body),
        Survives,
        tests: 2000);

    [Fact]
    public void Decoding_a_message_allocates_nothing()
    {
        var (header, body) = Decode.Split(BrokerPackets.Publish(new BrokerPublish
        {
            Topic = "telemetry/device-1/temperature", Payload = new byte[100], Qos = MqttQos.AtLeastOnce, ContentType = "application/json",
            ResponseTopic = "acks/sim-1", CorrelationData = [1, 2, 3], UserProperties = [("a", "b"), ("c", "d")], Scattered = true,
        }));
        byte[] scratch = [];
        Decode.Any(header, body, ref scratch);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var turn = 0; turn < 1000; turn++) Decode.Any(header, body, ref scratch);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static void Survives(byte[] input)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Decode.All(input);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(MostBytesAllocated + (8 * input.Length));
    }

    private static byte[] Frame(byte first, ReadOnlySpan<byte> body)
    {
        var length = new byte[4];
        return [first, .. length.AsSpan(0, VariableInteger.Write(length, body.Length)), .. body];
    }
}
