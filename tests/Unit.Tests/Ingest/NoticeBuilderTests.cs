using System.Text.Json;
using FsCheck.Fluent;
using Shouldly;
using Tally.Contracts;
using Tally.Unit.Tests.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class NoticeBuilderTests : IDisposable
{
    private readonly Receiver _receiver = new();

    [Fact]
    public void Neighbouring_seqs_of_a_series_are_one_range()
    {
        var batch = _receiver.Read(Native(1, 2, 3, 5, 6, 9));

        _receiver.Announce(batch).ShouldBe(
            ["""stored/r1 > acks/d1: {"run":"r1","stored":[{"device":"d1","metric":"temperature","ranges":[[1,3],[5,6],[9,9]]}]}"""]);
    }

    [Fact]
    public void A_duplicate_in_the_batch_is_in_its_range()
    {
        var batch = _receiver.Read(Native(1, 2, 2, 3));

        _receiver.Announce(batch).ShouldHaveSingleItem().ShouldContain("[[1,3]]");
    }

    [Fact]
    public void Each_run_has_a_notice_and_each_publisher_its_own_part()
    {
        var batch = _receiver.Read(
            TestMessage.Native("r1", "d1", 1),
            TestMessage.Native("r1", "d2", 1) with { ResponseTopic = "acks/sim" },
            TestMessage.Native("r2", "d1", 1),
            TestMessage.Native("r1", "d3", 1) with { ResponseTopic = "acks/sim" });

        _receiver.Announce(batch).ShouldBe(
        [
            """stored/r1 > acks/d1: {"run":"r1","stored":[{"device":"d1","metric":"temperature","ranges":[[1,1]]}]}""",
            """stored/r1 > acks/sim: {"run":"r1","stored":[{"device":"d2","metric":"temperature","ranges":[[1,1]]},{"device":"d3","metric":"temperature","ranges":[[1,1]]}]}""",
            """stored/r2 > acks/d1: {"run":"r2","stored":[{"device":"d1","metric":"temperature","ranges":[[1,1]]}]}""",
        ]);
    }

    [Fact]
    public void What_PostgreSQL_refused_and_what_was_rejected_is_in_the_other_list()
    {
        var batch = _receiver.Read(
            TestMessage.Native("r1", "d1", 1),
            TestMessage.Native("r1", "d1", 2),
            new TestMessage("telemetry/d1/temperature", """{"run":"r1","seq":3,"value":"x"}"""));
        batch.Rows.Readings[1].Refused = "out of range";

        _receiver.Announce(batch).ShouldBe(
            ["""stored/r1 > acks/d1: {"run":"r1","stored":[{"device":"d1","metric":"temperature","ranges":[[1,1]]}],"rejected":[{"device":"d1","metric":"temperature","ranges":[[2,3]]}]}"""]);
    }

    [Fact]
    public void Foreign_readings_are_acknowledged_only_where_they_ask_for_it()
    {
        var batch = _receiver.Read(
            new TestMessage("home/a", "5"),
            new TestMessage("home/b", "5") { ResponseTopic = "acks/me", PacketId = 2 },
            new TestMessage("home/c", "ajar"),
            new TestMessage("home/c", "ajar") { ResponseTopic = "acks/me", PacketId = 3 });

        _receiver.Announce(batch).ShouldBe(
            ["""stored/0 > acks/me: {"run":"0","stored":[{"device":"home","metric":"b","ranges":[[1099511627778,1099511627778]]}]}"""]);
    }

    [Fact]
    public void Correlation_data_goes_back_with_the_answer_stored_or_rejected()
    {
        var batch = _receiver.Read(
            TestMessage.Native("r1", "d1", 1) with { ResponseTopic = "acks/me", Correlation = [1, 2] },
            new TestMessage("home/a", "ajar") { ResponseTopic = "acks/me", Correlation = [3] },
            new TestMessage("home/b", """[{"n":"x","v":1},{"n":"y","v":2}]""") { ResponseTopic = "acks/me", Correlation = [4] },
            new TestMessage("home/c", "5") { Correlation = [5] },
            new TestMessage("/", "5") { ResponseTopic = "acks/me", Correlation = [6] },
            TestMessage.Native("r1", "d1", 2) with { Correlation = [7] });
        batch.Rows.Readings[2].Refused = "out of range"; // y of the SenML pack

        _receiver.Announce(batch).ShouldBe(
        [
            """stored/r1 0102> acks/me: {"run":"r1","stored":true,"device":"d1","metric":"temperature","seq":1}""",
            """stored/r1 07> acks/d1: {"run":"r1","stored":true,"device":"d1","metric":"temperature","seq":2}""",
            """stored/0 04> acks/me: {"run":"0","stored":false,"device":"home","metric":"b.x","seq":1099511627777,"reason":"out of range"}""",
            """stored/0 03> acks/me: {"run":"0","stored":false,"device":"home","metric":"a","seq":0,"reason":"no number in the text"}""",
            """stored/0 06> acks/me: {"run":"0","stored":false,"device":"","metric":"","seq":0,"reason":"no source reads this topic; add one: Ingest__Sources__0__Topic=/"}""",
        ]);
    }

    [Fact]
    public void Announcements_are_acknowledged_together_with_the_readings()
    {
        var batch = _receiver.Read(
            Announcement("r1", RunState.Started), TestMessage.Native("r1", "d1", 1) with { ResponseTopic = "acks/sim" }, Announcement("r1", RunState.Started),
            Announcement("r1", RunState.Finished), Announcement("r2", RunState.Started) with { ResponseTopic = "" });

        _receiver.Announce(batch).ShouldBe(
        [
            """stored/r1 > acks/sim: {"run":"r1","announced":"started"}""",
            """stored/r1 > acks/sim: {"run":"r1","announced":"finished","stored":[{"device":"d1","metric":"temperature","ranges":[[1,1]]}]}""",
        ]);
    }

    [Fact]
    public void A_large_notice_becomes_several_that_say_the_same()
    {
        var batch = _receiver.Read([.. Enumerable.Range(0, 2_000).Select(i => TestMessage.Native("r1", $"a-device-with-quite-a-long-name-{i}", 2 * i + 1) with { ResponseTopic = "acks/sim" })]);

        var acknowledgements = _receiver.Announce(batch);

        acknowledgements.Count.ShouldBeGreaterThan(1);
        acknowledgements.Sum(line => line.Split("\"device\"").Length - 1).ShouldBe(2_000);
        for (var i = 0; i < batch.Notices.Count; i++) batch.Notices.PayloadOf(i).Length.ShouldBeLessThan(300_000);
    }

    [Fact]
    public void Whatever_is_stored_is_announced_to_its_publisher_exactly()
    {
        var readings =
            from run in Gen.Elements("r1", "r2")
            from device in Gen.Elements("d1", "d2", "d3")
            from to in Gen.Elements("", "acks/a", "acks/b")
            from seq in Gen.Choose(1, 30)
            from refused in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
            select (run, device, to, seq, refused);

        PropertyChecks.Check(readings.ListOf(), list =>
        {
            var batch = _receiver.Read([.. list.Select(reading => TestMessage.Native(reading.run, reading.device, reading.seq) with { ResponseTopic = reading.to })]);
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i].refused) batch.Rows.Readings[i].Refused = "no";
            }

            batch.Rows.Readings.Sort((one, other) => // as the writer leaves them
                (one.Series.Device.Span.SequenceCompareTo(other.Series.Device.Span), one.At.CompareTo(other.At)) is var order && order.Item1 != 0 ? order.Item1 : order.Item2);

            var expected = list.Select(reading => $"{reading.run} {(reading.to.Length > 0 ? reading.to : "acks/" + reading.device)} {reading.device} {reading.seq} {!reading.refused}");
            Flatten(_receiver.Announce(batch)).ShouldBe(expected.Distinct(), ignoreOrder: true);
        });
    }

    public void Dispose() => _receiver.Dispose();

    private static TestMessage[] Native(params int[] seqs) => [.. seqs.Select(seq => TestMessage.Native("r1", "d1", seq))];

    private static IEnumerable<string> Flatten(List<string> acknowledgements)
    {
        foreach (var line in acknowledgements)
        {
            var parts = line.Split("> ", 2)[1].Split(": ", 2);
            var json = JsonDocument.Parse(parts[1]).RootElement;
            foreach (var list in (string[])["stored", "rejected"])
            {
                if (!json.TryGetProperty(list, out var series)) continue;
                foreach (var one in series.EnumerateArray())
                foreach (var range in one.GetProperty("ranges").EnumerateArray())
                {
                    for (var seq = range[0].GetInt64(); seq <= range[1].GetInt64(); seq++)
                        yield return $"{json.GetProperty("run")} {parts[0]} {one.GetProperty("device")} {seq} {list == "stored"}";
                }
            }
        }
    }

    private static TestMessage Announcement(string run, RunState state) =>
        new($"runs/{run}", JsonSerializer.Serialize(AnnouncementTests.Valid with { Run = run, State = state }, ContractsJson.Default.RunAnnouncement)) { ResponseTopic = "acks/sim" };
}
