using System.Buffers;
using FsCheck.Fluent;
using Shouldly;
using Tally.Mqtt.Packets;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

public sealed class PacketSplitterTests
{
    [Fact]
    public void Any_split_of_the_stream_gives_the_same_packets() => Generate.ForAll(
        from packets in Gen.NonEmptyListOf(Generate.Packet)
        from cuts in Gen.ArrayOf(Gen.Choose(1, 400))
        select (packets, cuts),
        sample =>
        {
            var stream = sample.packets.SelectMany(packet => packet).ToArray();
            var expected = sample.packets.Select(Convert.ToHexString).ToList();
            Receive(Cut(stream, sample.cuts), held: false).ShouldBe(expected);
            Receive(Cut(stream, sample.cuts), held: true).ShouldBe(expected);
        },
        tests: 150);

    [Fact]
    public void One_byte_at_a_time_gives_the_same_packets() => Generate.ForAll(
        Gen.NonEmptyListOf(Generate.Packet.Where(packet => packet.Length < 1000)),
        packets => Receive([.. packets.SelectMany(packet => packet).Select(one => new[] { one })], held: false)
            .ShouldBe(packets.Select(Convert.ToHexString)),
        tests: 50);

    [Fact]
    public void A_packet_in_the_last_segment_is_found_when_the_one_before_ended_with_its_own() =>
        Receive([BrokerPackets.PubAck(1), BrokerPackets.PubAck(2)], held: true).Count.ShouldBe(2);

    [Fact]
    public void A_sink_that_has_enough_is_given_no_more()
    {
        byte[] stream = [.. BrokerPackets.PingResp, .. BrokerPackets.PubAck(1), .. BrokerPackets.PubAck(2)];
        var sink = new Sink([], 2);
        new PacketSplitter(100).Split(new ReadOnlySequence<byte>(stream), ref sink, out var rest).ShouldBe(2);
        rest.ToArray().ShouldBe(BrokerPackets.PubAck(2));
    }

    /// <summary>Feeds pieces the way a pipe does: what was left over, then one piece more (or all pieces in one go, as segments).</summary>
    private static List<string> Receive(List<byte[]> pieces, bool held)
    {
        var splitter = new PacketSplitter(Decode.MaximumPacketSize);
        var sink = new Sink([], int.MaxValue);
        if (held)
        {
            splitter.Split(Segment.Chain(pieces), ref sink, out var nothing);
            nothing.Length.ShouldBe(0);
            return sink.Packets;
        }

        byte[] left = [];
        foreach (var piece in pieces)
        {
            splitter.Split(left.Length == 0 ? new ReadOnlySequence<byte>(piece) : Segment.Chain([left, piece]), ref sink, out var rest);
            left = rest.ToArray();
        }

        left.ShouldBeEmpty();
        return sink.Packets;
    }

    private static List<byte[]> Cut(byte[] stream, int[] cuts)
    {
        var pieces = new List<byte[]>();
        var at = 0;
        foreach (var cut in cuts)
        {
            if (at + cut >= stream.Length) break;
            pieces.Add(stream[at..(at + cut)]);
            at += cut;
        }

        pieces.Add(stream[at..]);
        return pieces;
    }

    private readonly struct Sink(List<string> packets, int enough) : IPacketSink
    {
        public List<string> Packets { get; } = packets;

        public bool Take(FixedHeader header, ReadOnlySpan<byte> body)
        {
            var length = new byte[4];
            byte[] packet = [(byte)(((int)header.Type << 4) | header.Flags), .. length.AsSpan(0, VariableInteger.Write(length, body.Length)), .. body];
            Packets.Add(Convert.ToHexString(packet));
            return Packets.Count < enough;
        }
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Chain(List<byte[]> pieces)
        {
            Segment? first = null;
            Segment? last = null;
            foreach (var piece in pieces)
            {
                var next = new Segment { Memory = piece, RunningIndex = last is null ? 0 : last.RunningIndex + last.Memory.Length };
                if (last is not null) last.Next = next;
                first ??= next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
        }
    }
}
