using System.Text;
using System.Text.Json;
using Shouldly;
using Tally.Contracts;
using Xunit;

namespace Tally.Unit.Tests.Contracts;

public sealed class NoticeTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_a_notice_says_is_what_each_publisher_reads(int seed)
    {
        var random = new Random(seed);
        using var writer = new NoticeWriter();
        var reader = new NoticeReader();
        for (var notice = 0; notice < 3; notice++) // one writer and one reader, notice after notice
        {
            var run = Name(random);
            var written = new List<(string Topic, Said Said, byte[] Correlation)>();
            writer.Begin(Utf8(run));
            for (var publisher = random.Next(4); publisher > 0; publisher--) written.Add(WritePublisher(writer, random));
            for (var reply = random.Next(3); reply > 0; reply--) written.Add(WriteReply(writer, random));
            var payload = writer.End();

            var forwarded = new Forwarded();
            reader.Read(payload.Span, forwarded);

            forwarded.Acknowledgements.Select(ack => ack.Topic).ShouldBe(written.Select(ack => ack.Topic));
            foreach (var (ack, expected) in forwarded.Acknowledgements.Zip(written))
            {
                ack.Correlation.ShouldBe(expected.Correlation);
                var said = new Said();
                AcknowledgementReader.Read(ack.Payload, Utf8(run), said).ShouldBeTrue();
                said.Announced.ShouldBe(expected.Said.Announced);
                said.Readings.SetEquals(expected.Said.Readings).ShouldBeTrue();
                said.Replies.ShouldBe(expected.Said.Replies);
            }
        }
    }

    [Fact]
    public void Traces_of_a_publisher_reach_its_acknowledgement_and_no_other()
    {
        using var writer = new NoticeWriter();
        writer.Begin("r1"u8);
        writer.BeginPublisher("acks/a"u8);
        writer.Trace("00-1", "vendor=x");
        writer.Trace("00-2", null);
        writer.Announced(RunState.Started);
        writer.Stored("d"u8, "m"u8, 1, 1);
        writer.BeginPublisher("acks/b"u8);
        writer.Stored("d"u8, "m"u8, 2, 2);
        writer.Reply("acks/c"u8, [1], stored: true, "d"u8, "m"u8, 3, null, ("00-3", null));

        var traced = new Traced();
        new NoticeReader().Read(writer.End().Span, traced);

        traced.Said.ShouldBe(
        [
            "00-1 vendor=x", "00-2 ",
            """acks/a {"run":"r1","announced":"started","stored":[{"device":"d","metric":"m","ranges":[[1,1]]}]}""",
            """acks/b {"run":"r1","stored":[{"device":"d","metric":"m","ranges":[[2,2]]}]}""",
            "00-3 ",
            """acks/c {"run":"r1","stored":true,"device":"d","metric":"m","seq":3}""",
        ]);
    }

    [Fact]
    public void A_notice_is_the_JSON_that_the_documentation_shows()
    {
        using var writer = new NoticeWriter();
        writer.Begin("r1"u8);
        writer.BeginPublisher("acks/sim-1"u8);
        writer.Announced(RunState.Started);
        writer.Stored("sensor-0001"u8, "temperature"u8, 1, 20);
        writer.Stored("sensor-0001"u8, "temperature"u8, 25, 25);
        writer.Rejected("sensor-0002"u8, "temperature"u8, 7, 7);
        writer.Reply("acks/x"u8, [1, 2], stored: false, "d"u8, "m"u8, 7, "no number in the text");

        Encoding.UTF8.GetString(writer.End().Span).ShouldBe(
            """{"run":"r1","acks":[{"to":"acks/sim-1","announced":"started","stored":[{"device":"sensor-0001","metric":"temperature","ranges":[[1,20],[25,25]]}],"rejected":[{"device":"sensor-0002","metric":"temperature","ranges":[[7,7]]}]}],"replies":[{"to":"acks/x","correlation":"AQI=","stored":false,"device":"d","metric":"m","seq":7,"reason":"no number in the text"}]}""");
    }

    [Fact]
    public void An_acknowledgement_is_the_JSON_that_the_documentation_shows()
    {
        var forwarded = new Forwarded();
        new NoticeReader().Read(
            """{"run":"r1","acks":[{"to":"acks/s","announced":"started","stored":[{"device":"d","metric":"m","ranges":[[1,20]]}]}],"replies":[{"to":"acks/x","correlation":"AQI=","stored":false,"seq":7}]}"""u8,
            forwarded);

        forwarded.Acknowledgements.Select(ack => Encoding.UTF8.GetString(ack.Payload)).ShouldBe(
        [
            """{"run":"r1","announced":"started","stored":[{"device":"d","metric":"m","ranges":[[1,20]]}]}""",
            """{"run":"r1","stored":false,"seq":7}""",
        ]);
    }

    [Fact]
    public void An_acknowledgement_about_another_run_says_nothing()
    {
        var said = new Said();
        AcknowledgementReader.Read("""{"run":"r2","announced":"started"}"""u8, "r1"u8, said).ShouldBeFalse();
        said.Announced.ShouldBeEmpty();
    }

    [Fact]
    public void What_a_later_version_adds_is_passed_over_and_passed_on()
    {
        var forwarded = new Forwarded();
        new NoticeReader().Read("""{"run":"r","later":{"a":[1]},"acks":[{"to":"acks/s","news":["x"],"announced":"finished"}],"more":1}"""u8, forwarded);
        var payload = forwarded.Acknowledgements.ShouldHaveSingleItem().Payload;
        Encoding.UTF8.GetString(payload).ShouldBe("""{"run":"r","news":["x"],"announced":"finished"}""");
        var said = new Said();
        AcknowledgementReader.Read(payload, "r"u8, said).ShouldBeTrue();
        said.Announced.ShouldBe([RunState.Finished]);
    }

    [Fact]
    public void A_rejected_reading_may_have_a_name_of_any_length()
    {
        using var writer = new NoticeWriter();
        var device = Utf8(new string('d', 60_000));
        writer.Begin("r"u8);
        writer.BeginPublisher("acks/s"u8);
        writer.Rejected(device, "m"u8, 1, 2);
        var forwarded = new Forwarded();
        new NoticeReader().Read(writer.End().Span, forwarded);
        var said = new Said();
        AcknowledgementReader.Read(forwarded.Acknowledgements[0].Payload, "r"u8, said);
        said.Readings.Select(reading => (reading.Device.Length, reading.Seq)).ShouldBe([(60_000, 1), (60_000, 2)], ignoreOrder: true);
    }

    [Fact]
    public void Nothing_is_allocated_for_each_range_of_an_acknowledgement()
    {
        var payload = Utf8("""{"run":"r1","stored":[""" + string.Join(',', Enumerable.Range(1, 500).Select(i => $$"""{"device":"sensor-{{i:D4}}","metric":"temperature","ranges":[[1,20]]}""")) + "]}");
        var visitor = new Counting();
        AcknowledgementReader.Read(payload, "r1"u8, visitor);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++) AcknowledgementReader.Read(payload, "r1"u8, visitor);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        visitor.Ranges.ShouldBe(11 * 500);
    }

    public static TheoryData<string> WrongAcknowledgements =>
    [
        "",
        "1",
        "[]",
        "{}",
        """{"run":1}""",
        """{"announced":"started","run":"r"}""",
        """{"run":"r"} {"run":"r"}""",
        """{"run":"r","stored":1}""",
        """{"run":"r","stored":[1]}""",
        """{"run":"r","stored":[{"device":1}]}""",
        """{"run":"r","stored":[{"ranges":[[1]]}]}""",
        """{"run":"r","stored":[{"ranges":[[1,2,3]]}]}""",
        """{"run":"r","stored":[{"ranges":[[2,1]]}]}""",
        """{"run":"r","stored":[{"ranges":[[1,1.5]]}]}""",
        """{"run":"r","stored":[{"ranges":[[1,99999999999999999999]]}]}""",
        """{"run":"r","stored":[{"ranges":[1,2]}]}""",
        """{"run":"r","stored":[{"device":"\ud800"}]}""",
        """{"run":"r","\udc00":1}""",
        """{"run":"\ud800"}""",
        """{"run":"r","announced":1}""",
        """{"run":"r","seq":1e400}""",
        """{"run":"r","x":""" + new string('[', 100),
    ];

    [Theory]
    [MemberData(nameof(WrongAcknowledgements))]
    public void What_is_no_acknowledgement_is_refused_in_words(string payload) =>
        Should.Throw<JsonException>(() => AcknowledgementReader.Read(Utf8(payload), "r"u8, new Said())).Message.ShouldNotBeEmpty();

    public static TheoryData<string> WrongNotices =>
    [
        "",
        "null",
        "{}",
        """{"acks":[]}""",
        """{"run":5,"acks":[]}""",
        """{"run":"r","acks":{}}""",
        """{"run":"r","acks":[5]}""",
        """{"run":"r","acks":[{}]}""",
        """{"run":"r","acks":[{"to":""}]}""",
        """{"run":"r","acks":[{"to":7}]}""",
        """{"run":"r","acks":[{"to":"\ud800"}]}""",
        """{"run":"r","acks":[{"to":"a"},5]}""",
        """{"run":"r","replies":[{"to":"a","correlation":"no-base64!"}]}""",
        """{"run":"r","replies":[{"to":"a","correlation":5}]}""",
        """{"run":"r","acks":[]}x""",
        """{"run":"r","acks":[]""",
    ];

    [Theory]
    [MemberData(nameof(WrongNotices))]
    public void What_is_no_notice_is_refused_in_words(string payload) =>
        Should.Throw<JsonException>(() => new NoticeReader().Read(Utf8(payload), new Forwarded())).Message.ShouldNotBeEmpty();

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Bytes_changed_at_random_are_read_or_refused_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        using var writer = new NoticeWriter();
        writer.Begin("r"u8);
        WritePublisher(writer, random);
        WriteReply(writer, random);
        var notice = writer.End().ToArray();
        var reader = new NoticeReader();
        for (var i = 0; i < 200; i++)
        {
            var changed = notice[..random.Next(notice.Length / 2, notice.Length + 1)];
            for (var change = random.Next(4); change >= 0 && changed.Length > 0; change--) changed[random.Next(changed.Length)] = (byte)(random.Next(3) > 0 ? "\"\\{}[],:u0d8t"[random.Next(13)] : random.Next(256));
            var forwarded = new Forwarded();
            OnlyJsonException(() => reader.Read(changed, forwarded));
            foreach (var (_, payload, _) in forwarded.Acknowledgements) OnlyJsonException(() => AcknowledgementReader.Read(payload, "r"u8, new Said()));
            OnlyJsonException(() => AcknowledgementReader.Read(changed, "r"u8, new Said()));
        }
    }

    private static void OnlyJsonException(Action read)
    {
        try
        {
            read();
        }
        catch (JsonException error)
        {
            error.Message.ShouldNotBeEmpty();
        }
    }

    private static (string Topic, Said Said, byte[] Correlation) WritePublisher(NoticeWriter writer, Random random)
    {
        var (topic, said) = (Name(random), new Said());
        writer.BeginPublisher(Utf8(topic));
        for (var state = RunState.Started; state <= RunState.Finished; state++)
        {
            if (random.Next(2) == 0) continue;
            writer.Announced(state);
            said.Announced.Add(state);
        }

        foreach (var stored in (bool[])[true, false])
        {
            for (var series = random.Next(4); series > 0; series--)
            {
                var (device, metric, from) = (Name(random), Name(random), random.NextInt64(1L << 50));
                for (var range = random.Next(1, 4); range > 0; range--)
                {
                    var to = from + random.Next(20);
                    if (stored) writer.Stored(Utf8(device), Utf8(metric), from, to);
                    else writer.Rejected(Utf8(device), Utf8(metric), from, to);
                    for (var seq = from; seq <= to; seq++) said.Readings.Add((device, metric, seq, stored));
                    from = to + 2;
                }
            }
        }

        return (topic, said, []);
    }

    private static (string Topic, Said Said, byte[] Correlation) WriteReply(NoticeWriter writer, Random random)
    {
        var (topic, said, correlation) = (Name(random), new Said(), new byte[random.Next(1, 40)]);
        random.NextBytes(correlation);
        var (device, metric, seq, stored) = (Name(random), Name(random), random.NextInt64(), random.Next(2) == 0);
        writer.Reply(Utf8(topic), correlation, stored, Utf8(device), Utf8(metric), seq, stored ? null : Name(random));
        said.Replies.Add((device, metric, seq, stored));
        return (topic, said, correlation);
    }

    /// <summary>Names with everything that has a meaning in JSON, and what lies outside ASCII.</summary>
    private static string Name(Random random)
    {
        string[] parts = ["a", "sensor-0001", "\"", "\\", "/", "\u0001", "\n", "\u007f", "é", "温", "🌡", "<&>", "\u2028", "{}[]:,", "\\u0041"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => parts[random.Next(parts.Length)]));
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private sealed class Counting : IAcknowledgementVisitor
    {
        public int Ranges { get; private set; }

        public void OnAnnounced(RunState state)
        {
        }

        public void OnRange(ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long from, long to, bool stored) => Ranges++;
    }

    private sealed class Traced : INoticeVisitor
    {
        public List<string> Said { get; } = [];

        public void OnTrace(string traceparent, string? tracestate) => Said.Add($"{traceparent} {tracestate}");

        public void OnAcknowledgement(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlation) =>
            Said.Add($"{Encoding.UTF8.GetString(topic)} {Encoding.UTF8.GetString(payload)}");
    }
}
