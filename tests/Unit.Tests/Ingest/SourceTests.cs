using System.Text;
using Shouldly;
using Tally.Contracts.Payloads;
using Tally.Ingest;
using Tally.Ingest.Sources;
using Tally.Storage;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class SourceTests
{
    [Theory]
    [InlineData("zigbee2mqtt/{device}", "zigbee2mqtt/kitchen", "kitchen", null)]
    [InlineData("zigbee2mqtt/{device}", "zigbee2mqtt/kitchen/set", null, null)]
    [InlineData("home/{device...}/{metric}", "home/a/b/t", "a/b", "t")]
    [InlineData("home/{device...}/{metric}", "home/t", null, null)]
    [InlineData("shellies/{device}/{metric...}", "shellies/x/relay/0/power", "x", "relay/0/power")]
    [InlineData("{site}/{line}/plc/{metric}/{device}", "s/l/plc/rpm/d", "s/l/d", "rpm")]
    [InlineData("+/sensor/#", "a/sensor/b/c", "a/sensor/b", "c")]
    [InlineData("a/#", "a", "a", "value")]
    [InlineData("a/#", "b/c", null, null)]
    [InlineData("a/{device...}/v/{metric}", "a/x/y/v/m", "x/y", "m")]
    [InlineData("a/{device...}/v/{metric}", "a/x/y/w/m", null, null)]
    [InlineData("a/{device}/{metric}", "a//m", "", "m")]
    public void A_template_finds_device_and_metric(string template, string topic, string? device, string? metric)
    {
        new TopicTemplate(template).TryMatch(topic, out var foundDevice, out var foundMetric).ShouldBe(device is not null);
        if (device is not null) (foundDevice, foundMetric).ShouldBe((device, metric));
    }

    [Theory]
    [InlineData("zigbee2mqtt/{device}", "zigbee2mqtt/+")]
    [InlineData("telemetry/{device...}/{metric}", "telemetry/#")]
    [InlineData("a/{device}/{metric...}", "a/+/#")]
    [InlineData("a/+/#", "a/+/#")]
    public void A_template_is_subscribed_to_by_its_filter(string template, string filter) => new TopicTemplate(template).Filter.ShouldBe(filter);

    [Fact]
    public void Presets_are_the_usual_ones_and_those_that_are_named()
    {
        SourceSet.PresetsOf("").ShouldBe(["tally", "seeds", "senml"]);
        SourceSet.PresetsOf("Tasmota, -seeds").ShouldBe(["tally", "senml", "tasmota"]);
    }

    [Theory]
    [InlineData("zigbee2mqtt/lamp", "Ingest__Presets=zigbee2mqtt")]
    [InlineData("tele/plug/SENSOR", "Ingest__Presets=tasmota")]
    [InlineData("attic/sensor/t/state", "Ingest__Presets=esphome")]
    [InlineData("Telemetry/d/t", "Ingest__Sources__0__Topic=Telemetry/#")]
    [InlineData("/home/temperature", "Ingest__Sources__0__Topic=/home/#")]
    [InlineData("temperature", "Ingest__Sources__0__Topic=temperature")]
    [InlineData("telemetry/temperature", "Ingest__Sources__0__Topic=telemetry/#")]
    public void What_no_source_reads_is_a_dead_letter_that_says_which_setting_would_read_it(string topic, string setting)
    {
        using var receiver = new Receiver(new IngestOptions());

        for (var copy = 0; copy < 2; copy++) // the second comes from the cache
            receiver.Read(new TestMessage(topic, "5")).Rows.DeadLetters.ShouldHaveSingleItem().Reason.ShouldBe($"no source reads this topic; add one: {setting}");
    }

    [Fact]
    public void What_a_preset_passes_over_is_counted_and_named_once_and_no_dead_letter()
    {
        using var receiver = new Receiver(new IngestOptions { Presets = "zigbee2mqtt" });

        var batch = receiver.Read(new TestMessage("zigbee2mqtt/bridge/devices", "[]"), new TestMessage("zigbee2mqtt/bridge/devices", "[]"), new TestMessage("zigbee2mqtt/lamp", """{"t":1}"""));

        (batch.Rows.DeadLetters.Count, batch.Rows.Count, batch.Deliveries.Length).ShouldBe((0, 1, 3));
    }

    [Fact]
    public void What_services_tell_each_other_is_passed_over()
    {
        using var receiver = new Receiver(new IngestOptions { AllowedResponsePrefixes = ["replies/"] });

        var batch = receiver.Read(new TestMessage("stored/r1", "{}"), new TestMessage("acks/d1", "{}"), new TestMessage("replies/d1", "{}"), new TestMessage("ingest/ingest-2", "caught up with connection 3"));

        (batch.Rows.DeadLetters.Count, batch.Rows.Count, batch.Deliveries.Length).ShouldBe((0, 0, 4));
        receiver.Read(new TestMessage("ingest/ingest-2", "5")).Rows.DeadLetters.ShouldHaveSingleItem();
    }

    [Fact]
    public void Of_sources_that_match_the_first_counts_and_own_ones_go_before_presets()
    {
        using var receiver = new Receiver(new IngestOptions { Sources = [new SourceOptions { Topic = "home/{device}/{metric}" }, new SourceOptions { Topic = "home/x/#" }] });

        Stored(receiver, "home/x/t", "5").ShouldBe(["x/t=5"]);
        Stored(receiver, "home/x/y/t", "5").ShouldBe(["home/x/y/t=5"]);
    }

    [Fact]
    public void Rules_choose_rename_and_scale_metrics()
    {
        var source = new SourceOptions
        {
            Topic = "plc/{device}",
            Include = ["a.*", "b"],
            Exclude = ["*.raw"],
            Rename = new Dictionary<string, string> { ["a.*"] = "x.*", ["b"] = "pressure" },
            Scale = new Dictionary<string, double> { ["b"] = 0.1 },
            Offset = new Dictionary<string, double> { ["b"] = -5 },
            Units = new Dictionary<string, string> { ["a.*"] = "°C" },
        };
        using var receiver = new Receiver(new IngestOptions { Sources = [source] });

        Stored(receiver, "plc/p1", """{"a":{"t":21,"raw":7},"b":100,"c":1}""").ShouldBe(["p1/x.t=21 Cel", "p1/pressure=5"]);
        receiver.Read(new TestMessage("plc/p1", """{"c":1}""")).Rejections.ShouldHaveSingleItem().Reason.ShouldStartWith("no metric of the message is stored");
    }

    [Fact]
    public void A_pattern_reads_texts_its_own_way()
    {
        using var receiver = new Receiver(new IngestOptions
        {
            Sources = [new SourceOptions { Topic = "log/{device}", Format = PayloadFormat.Text, Pattern = @"(?<time>\d{4}-\S+) (?<metric>\w+)=(?<value>[\d.,-]+)(?<unit>\w*)", TimeZone = "Europe/Berlin" }],
        });

        var batch = receiver.Read(new TestMessage("log/d", "2026-07-01T12:00:00 temp=-21,5C ok"), new TestMessage("log/d", "hello"), new TestMessage("log/d", "2026-10-25T02:30:00 temp=1C"));

        var reading = batch.Rows.Readings.ToArray().ShouldHaveSingleItem();
        Describe(reading).ShouldBe("d/temp=-21.5 C");
        DateTime.UnixEpoch.AddTicks(reading.At * 10).ShouldBe(new DateTime(2026, 7, 1, 10, 0, 0, DateTimeKind.Utc));
        batch.Rejections.Select(rejection => rejection.Reason.Split(':')[0]).ShouldBe(["the text does not match the pattern of its source", "the time has no offset, and its zone has it twice or not at all"]);
    }

    [Fact]
    public void Times_without_an_offset_are_told_in_the_zone_of_the_source_or_of_all()
    {
        using var receiver = new Receiver(new IngestOptions { Presets = "tasmota", TimeZone = "Europe/Berlin", Sources = [new SourceOptions { Topic = "tele/utc/SENSOR", TimeZone = "UTC" }] });

        var batch = receiver.Read(
            new TestMessage("tele/d/SENSOR", """{"Time":"2026-07-01T12:00:00","T":1}"""),
            new TestMessage("tele/d/SENSOR", """{"Time":"2026-01-01T12:00:00","T":1}"""),
            new TestMessage("tele/utc/SENSOR", """{"Time":"2026-07-01T12:00:00","T":1}"""),
            new TestMessage("tele/d/SENSOR", """{"Time":"2026-03-29T02:30:00","T":1}"""));

        batch.Rows.Readings.ToArray().Select(reading => DateTime.UnixEpoch.AddTicks(reading.At * 10).Hour).ShouldBe([10, 11, 12]);
        batch.Rejections.ShouldHaveSingleItem().Reason.ShouldStartWith("the time has no offset, and its zone has it twice or not at all");
    }

    [Fact]
    public void What_is_passed_over_is_counted_and_a_unit_that_belongs_to_nothing_too()
    {
        var found = new DecodedReadings();

        new JsonReadings().Read("""{"a":1,"unit":"Cel","state":"idle","none":null}"""u8, DecodeSettings.Usual, found).ShouldBeNull();

        (found.Count, found.Ignored, found.FirstIgnored).ShouldBe((1, 2, "state"));
    }

    [Fact]
    public void A_tag_can_name_the_device_and_tags_that_nobody_names_are_no_series()
    {
        using var receiver = new Receiver(new IngestOptions { Presets = "telegraf", Sources = [new SourceOptions { Topic = "influx", Format = PayloadFormat.LineProtocol, DeviceTag = "host" }, new SourceOptions { Topic = "x/{device}" }] });

        Stored(receiver, "influx", "cpu,host=a v=1\ncpu,host=b v=2").ShouldBe(["a/cpu.v=1", "b/cpu.v=2"]);
        receiver.Read(new TestMessage("influx", "cpu v=1")).Rejections.ShouldHaveSingleItem().Reason.ShouldBe("the tag that names the device is missing: host: line 1 of the line protocol");
        Stored(receiver, "telegraf/h", "cpu,cpu=cpu0 v=1").ShouldBe(["h/cpu.v=1"]);
        Stored(receiver, "telegraf/h", "cpu,cpu=cpu0 v=2").ShouldBe(["h/cpu.v=2"]);
        receiver.Read(new TestMessage("telegraf/h", "cpu,cpu=cpu1 v=3")).Rejections.ShouldHaveSingleItem().Reason.ShouldStartWith("only tags tell two series of the device apart");
    }

    [Fact]
    public void A_retained_message_and_one_of_a_life_before_ask_whether_they_are_known()
    {
        using var receiver = new Receiver();

        var readings = receiver.Read(
            new TestMessage("home/a", "5") { Retain = true },
            new TestMessage("home/a", """{"value":5,"ts":1764150000}""") { Retain = true },
            new TestMessage("home/a", """{"value":5,"ts":1764150000}""") { Duplicate = true, PacketId = 7 },
            new TestMessage("home/a", "5") { Duplicate = true, PacketId = 8 },
            new TestMessage("home/a", """{"value":5,"ts":4000000000}""")).Rows.Readings.ToArray();

        readings.Select(reading => reading.KnownIf).ShouldBe([KnownIf.AnyOfSeries, KnownIf.SameTime, KnownIf.SameTime, KnownIf.Never, KnownIf.Never]);
        readings.Select(reading => reading.Marks).ShouldBe(
            [ReadingMarks.Arrival | ReadingMarks.Retained, ReadingMarks.Retained, ReadingMarks.None, ReadingMarks.Arrival, ReadingMarks.Ahead]);
    }

    private static List<string> Stored(Receiver receiver, string topic, string payload) => [.. receiver.Read(new TestMessage(topic, payload)).Rows.Readings.ToArray().Select(Describe)];

    private static string Describe(Reading reading) =>
        $"{Encoding.UTF8.GetString(reading.Series.Device.Span)}/{Encoding.UTF8.GetString(reading.Series.Metric.Span)}={FormattableString.Invariant($"{reading.Value:R}")} {Encoding.UTF8.GetString(reading.Series.Unit.Span)}".TrimEnd();
}
