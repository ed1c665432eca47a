using Shouldly;
using MQTTnet.Formatter;
using Tally.Mqtt;
using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class MechanismTests
{
    [Fact]
    public void Messages_in_flight_keep_their_order_and_their_bytes_whatever_is_acknowledged()
    {
        var random = new Random(7);
        var inFlight = new InFlightMessages(300);
        var model = new List<(ushort PacketId, long Token, byte[] Packet)>();
        for (long step = 0; step < 20_000; step++)
        {
            if (inFlight.HasRoom && random.Next(100) < 55)
            {
                var packet = new byte[random.Next(1, 600)];
                random.NextBytes(packet);
                var packetId = inFlight.NextId;
                model.Exists(message => message.PacketId == packetId).ShouldBeFalse();
                inFlight.Add(new MqttPacketBuffer(packet), Tally.Mqtt.MqttProtocolVersion.V500, MqttQos.AtLeastOnce, false, step, null);
                model.Add((packetId, step, packet));
            }
            else if (model.Count > 0)
            {
                var at = random.Next(3) == 0 ? random.Next(model.Count) : 0;
                inFlight.StateOf(model[at].PacketId).ShouldBe(InFlightState.AwaitsPubAck);
                var removed = inFlight.Remove(model[at].PacketId);
                (removed.Token, removed.Sent).ShouldBe((model[at].Token, true));
                inFlight.StateOf(model[at].PacketId).ShouldBe(InFlightState.None);
                model.RemoveAt(at);
            }

            inFlight.Count.ShouldBe(model.Count);
            if (step % 1000 != 0) continue;
            inFlight.InOrder().ShouldBe(model.Select(message => message.PacketId));
            foreach (var message in model)
            {
                var kept = inFlight[message.PacketId];
                kept.Packet.AsSpan(0, kept.Length).ToArray().ShouldBe(message.Packet);
            }
        }
    }

    [Fact]
    public void Messages_in_flight_are_bounded_by_number_and_by_bytes_and_never_have_packet_identifier_0()
    {
        var inFlight = new InFlightMessages(65_534);
        for (var count = 0; count < 65_534; count++)
        {
            inFlight.HasRoom.ShouldBeTrue();
            inFlight.NextId.ShouldNotBe((ushort)0);
            inFlight.Add(new MqttPacketBuffer(new byte[1]), Tally.Mqtt.MqttProtocolVersion.V500, MqttQos.AtLeastOnce, false, count, null);
        }

        inFlight.HasRoom.ShouldBeFalse();
        inFlight.StateOf(65_535).ShouldBe(InFlightState.None);

        var large = new InFlightMessages(10_000);
        large.Add(new MqttPacketBuffer(new byte[64 * 1024 * 1024]), Tally.Mqtt.MqttProtocolVersion.V500, MqttQos.AtLeastOnce, false, 1, null);
        large.HasRoom.ShouldBeFalse();
        large.Remove(1);
        large.HasRoom.ShouldBeTrue();
    }

    [Fact]
    public void A_single_message_is_never_waited_after_but_a_stream_is()
    {
        var gathering = new Gathering(TimeSpan.FromMilliseconds(1));
        for (var now = 0; now < 1000; now += 10) gathering.ShouldWait(bytes: 150, packets: 1, now).ShouldBeFalse();

        // Twelve packets in one window of four milliseconds, each read by itself, are a stream.
        for (var read = 0; read < 11; read++) gathering.ShouldWait(150, 1, 2000).ShouldBeFalse();
        gathering.ShouldWait(150, 1, 2000).ShouldBeTrue();
        gathering.ShouldWait(6000, 30, 2001).ShouldBeTrue();

        // So much that the next read brings as much again without waiting.
        gathering.ShouldWait(64 * 1024, 400, 2002).ShouldBeFalse();
        gathering.ShouldWait(6000, 30, 2003).ShouldBeTrue();

        // A wait that brought next to nothing is not repeated.
        gathering.ShouldWait(150, 1, 2004).ShouldBeFalse();
    }

    [Fact]
    public void Question_and_answer_soon_stops_being_taken_for_a_stream()
    {
        // One packet every 100 µs, each the answer to what was asked after the one before: a wait never brings more than one.
        var gathering = new Gathering(TimeSpan.FromMilliseconds(1));
        var waits = 0;
        for (var packet = 0; packet < 10_000; packet++)
        {
            if (gathering.ShouldWait(10, 1, packet / 10)) waits++;
        }

        waits.ShouldBeInRange(1, 12);
    }

    [Fact]
    public void No_gather_time_means_reading_eagerly()
    {
        var gathering = new Gathering(TimeSpan.Zero);
        for (var read = 0; read < 1000; read++) gathering.ShouldWait(6000, 30, 0).ShouldBeFalse();
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("/", true)]
    [InlineData("#", true)]
    [InlineData("+", true)]
    [InlineData("a/+/b/#", true)]
    [InlineData("+/+", true)]
    [InlineData("", false)]
    [InlineData("a#", false)]
    [InlineData("#/a", false)]
    [InlineData("a/#/b", false)]
    [InlineData("a+/b", false)]
    [InlineData("a/+b", false)]
    [InlineData("a\0b", false)]
    public void Wildcards_fill_a_level_of_a_topic_filter(string filter, bool valid) =>
        Utf8.IsTopicFilter(filter).ShouldBe(valid);
}
