using System.Text;
using System.Text.Json;
using FsCheck.Fluent;
using MQTTnet.Packets;
using Shouldly;
using Tally.Contracts;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Mqtt;
using Tally.Storage;
using Tally.Unit.Tests.Payloads;
using Xunit;

namespace Tally.Unit.Tests.Ingest;

public sealed class MessageReaderTests : IDisposable
{
    private readonly Receiver _receiver = new();

    [Fact]
    public void A_native_reading_keeps_its_identity_and_the_topic_names_its_series()
    {
        var batch = _receiver.Read(TestMessage.Native("r1", "d1", 7));

        var reading = batch.Rows.Readings.ToArray().ShouldHaveSingleItem();
        Names(reading).ShouldBe("d1/temperature [Cel] r1:7");
        reading.At.ShouldBe((new DateTime(2026, 11, 20, 9, 0, 7, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / 10);
        reading.RawText.ShouldBeNull();
        batch.Rows.Received.ShouldHaveSingleItem().Value.ShouldBe(1);
    }

    [Theory]
    [InlineData("telemetry/d1/temperature", "d1/temperature")]
    [InlineData("Building/Temperature", "Building/Temperature")]
    [InlineData("telemetry/plant/v5/temperature", "plant/v5/temperature")]
    [InlineData("Building/1/kitchen/temperature", "Building/1/kitchen/temperature")]
    [InlineData("home", "home/value")]
    [InlineData("home//temperature", "home//temperature")]
    public void The_metric_is_the_last_level_of_the_topic_and_the_device_all_before_it(string topic, string series) =>
        Names(_receiver.Read(new TestMessage(topic, "5")).Rows.Readings[0]).ShouldStartWith(series + " ");

    [Theory]
    [InlineData("telemetry//temperature")]
    [InlineData("telemetry/d1/")]
    [InlineData("telemetry/d1")]
    [InlineData("telemetry/d1//t")]
    [InlineData("home/t/")]
    [InlineData("//")]
    public void A_topic_that_names_no_series_is_rejected(string topic) =>
        _receiver.Read(new TestMessage(topic, "5")).Rejections.ShouldHaveSingleItem().Reason.ShouldContain("topic");

    [Fact]
    public void Names_over_their_length_are_rejected_and_not_cut()
    {
        var batch = _receiver.Read(
            new TestMessage($"telemetry/{new string('d', Limits.NameBytes)}/{new string('m', Limits.NameBytes)}", "5"),
            new TestMessage($"telemetry/{new string('d', Limits.NameBytes + 1)}/m", "5"),
            new TestMessage($"home/d/{new string('m', Limits.NameBytes + 1)}", "5"));

        batch.Rows.Count.ShouldBe(1);
        batch.Rejections.Select(rejection => rejection.Reason).ShouldBe(
            ["the device in the topic is longer than 255 bytes", "the metric in the topic is longer than 255 bytes"]);
    }

    [Fact]
    public void Foreign_readings_get_a_seq_of_this_life_and_the_time_of_arrival()
    {
        var batch = _receiver.Read(
            new TestMessage("home/temperature", "Temperature: 23.5°C") { PacketId = 1 }, new TestMessage("home/temperature", "Temperature: 23.5°C") { PacketId = 2 });

        var readings = batch.Rows.Readings.ToArray();
        readings.Select(reading => reading.Seq).ShouldBe([(1L << 40) + 1, (1L << 40) + 2]);
        readings.ShouldAllBe(reading => reading.Run == _receiver.Catalog.Foreign && reading.Value == 23.5 && reading.RawText == "Temperature: 23.5°C");
        readings[0].At.ShouldBe((_receiver.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / 10);
    }

    [Fact]
    public void A_foreign_message_delivered_again_under_its_packet_identifier_gets_the_same_identity()
    {
        var first = _receiver.Read(new TestMessage("home/a", "5") { PacketId = 9 }).Rows.Readings[0];
        _receiver.Time.Advance(TimeSpan.FromSeconds(3));

        var again = _receiver.Read(new TestMessage("home/a", "5") { PacketId = 9, Duplicate = true, Epoch = 2 }).Rows.Readings[0];
        (again.Seq, again.At).ShouldBe((first.Seq, first.At));
        _receiver.Read(new TestMessage("home/a", "5") { PacketId = 9, Epoch = 2 }).Rows.Readings[0].Seq.ShouldNotBe(first.Seq, "not marked as duplicate");
        _receiver.Read(new TestMessage("home/a", "6") { PacketId = 9, Duplicate = true, Epoch = 2 }).Rows.Readings[0].Seq.ShouldNotBe(first.Seq, "another message");
        _receiver.Read(new TestMessage("home/a", "5") { PacketId = 8, Duplicate = true, Epoch = 2 }).Rows.Readings[0].Seq.ShouldNotBe(first.Seq, "another packet");
    }

    [Fact]
    public void A_new_session_delivers_nothing_again()
    {
        var first = _receiver.Read(new TestMessage("home/a", "5") { PacketId = 9 }).Rows.Readings[0];

        _receiver.Handler.OnConnected(new MqttConnected(2, new MqttConnAckPacket()));

        _receiver.Read(new TestMessage("home/a", "5") { PacketId = 9, Duplicate = true, Epoch = 2 }).Rows.Readings[0].Seq.ShouldNotBe(first.Seq);
    }

    [Fact]
    public void A_SenML_pack_is_one_message_with_several_readings_or_a_dead_letter()
    {
        var batch = _receiver.Read(
            new TestMessage("telemetry/d1/all", """[{"bn":"d1/","n":"a","u":"V","v":1},{"n":"b","v":2}]""") { PacketId = 1 },
            new TestMessage("telemetry/d1/all", """[{"n":"a","v":1},{"n":"b","v":true}]""") { PacketId = 2 },
            new TestMessage("telemetry/d1/all", """[{"n":"c","v":3}]""") { PacketId = 3 });

        batch.Rows.Readings.ToArray().Select(Names).ShouldBe(
            [$"d1/a [V] 0:{(1L << 40) + 1}", $"d1/b [] 0:{(1L << 40) + 2}", $"d1/all.c [] 0:{(1L << 40) + 3}"]);
        batch.Rejections.ShouldHaveSingleItem().Message.ShouldBe(1);
        batch.Rows.Received[_receiver.Catalog.Foreign].ShouldBe(4);
    }

    [Fact]
    public void SenML_records_of_one_name_and_different_units_are_different_series()
    {
        var batch = _receiver.Read(new TestMessage(
            "telemetry/d1/humidity", """[{"bn":"urn:dev:ow:1:","bu":"%RH","v":20},{"u":"lon","v":24},{"u":"lat","v":60},{"v":21},{"u":"lon","v":25}]"""));

        batch.Rows.Readings.ToArray().Select(reading => Encoding.UTF8.GetString(reading.Series.Metric.Span))
            .ShouldBe(["1", "1", "1", "1", "1"]);
        batch.Rows.Readings.ToArray().Select(reading => reading.Series).Distinct().Select(series => Encoding.UTF8.GetString(series.Unit.Span)).ShouldBe(["%RH", "lon", "lat"]);
    }

    [Fact]
    public void A_rejected_message_makes_no_series_and_is_counted_as_received()
    {
        var batch = _receiver.Read(
            new TestMessage("telemetry/d1/t", """{"run":"r1","seq":3,"value":"x"}"""), new TestMessage("telemetry/d1/t", "{"), new TestMessage("telemetry/d1/t", ""));

        batch.Rows.Count.ShouldBe(0);
        batch.Rows.DeadLetters.Select(letter => (letter.Message, letter.Device, letter.Metric, letter.Seq, letter.Source)).ShouldBe([(0, "d1", "t", 3, "tally"), (1, "d1", "t", 0, "tally")]);
        batch.Rejections.Select(rejection => rejection.Message).ShouldBe([0, 1, 2]); // the empty one is answered, and no dead letter
        batch.Rows.Received.Select(received => $"{Encoding.UTF8.GetString(received.Key.Name.Span)}={received.Value}").ShouldBe(["r1=1", "0=1"]);
        batch.Deliveries.Length.ShouldBe(3);
    }

    [Fact]
    public void A_reading_with_identity_and_no_time_is_rejected_because_a_copy_would_be_a_second_row() =>
        _receiver.Read(new TestMessage("telemetry/d1/t", """{"run":"r1","seq":3,"value":5}""")).Rejections.ShouldHaveSingleItem().Reason.ShouldContain("needs its time");

    [Fact]
    public void Content_type_goes_before_the_first_bytes()
    {
        var batch = _receiver.Read(new TestMessage("home/a", """{"value":5}""") { ContentType = "text/plain; charset=utf-8" });

        batch.Rejections.ShouldHaveSingleItem().Reason.ShouldContain("is not one number");
    }

    [Fact]
    public void Every_message_ends_as_readings_an_announcement_or_a_dead_letter_and_can_be_announced()
    {
        var messages =
            from topic in Gen.Elements("telemetry/d1/t", "telemetry/d/", "runs/r1", "runs/", "home/a", "home", "/", "home/" + new string('x', 300))
            from payload in Gen.OneOf(
                Gen.Elements(
                    TestMessage.Native("r1", "d1", 1).Payload, """[{"n":"a","v":1},{"n":"a","u":"V","v":2}]""", "5", "on", "", "null", "[]", "{}", "\uFEFF{\"value\":1}",
                    Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(AnnouncementTests.Valid, ContractsJson.Default.RunAnnouncement))),
                ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""))
            from cut in Gen.Choose(0, 400)
            from contentType in Gen.Elements("", "text/plain", "application/json", "application/senml+json", ";")
            from responseTopic in Gen.Elements("", "acks/me", "telemetry/x", "acks/" + new string('x', 600))
            from correlation in Gen.Elements(Array.Empty<byte>(), [1], new byte[60_000])
            select new TestMessage(topic, payload[..Math.Min(cut, payload.Length)]) { ContentType = contentType, ResponseTopic = responseTopic, Correlation = correlation };

        PropertyChecks.Check(messages, message =>
        {
            var batch = _receiver.Read(message);

            (batch.Rows.Count > 0 ? 1 : 0).ShouldBe(1 - batch.Rows.Announcements.Count - batch.Rejections.Count);
            batch.Rejections.ShouldNotContain(rejection => rejection.Reason.StartsWith(MessageReader.Defect, StringComparison.Ordinal));
            batch.Deliveries.Length.ShouldBe(1);
            _receiver.Announce(batch).Count.ShouldBeLessThanOrEqualTo(2);
        });
    }

    [Fact]
    public void Nothing_is_allocated_for_native_readings_once_warm()
    {
        byte[][] payloads = [.. Enumerable.Range(1, 100).Select(seq => Encoding.UTF8.GetBytes(TestMessage.Native("r1", "d1", seq).Payload))];
        var packet = new MqttPublishPacket { ResponseTopic = "acks/sim-1" };
        var batch = new PendingBatch(2_000);
        Fill();
        batch.Clear();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Fill();

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void Fill()
        {
            for (var i = 0; i < 2_000; i++)
            {
                _receiver.Reader.Read(
                    new MqttMessage
                    {
                        Topic = i % 2 == 0 ? "telemetry/d1/temperature"u8 : "telemetry/d2/temperature"u8,
                        Payload = payloads[i % 100],
                        Packet = packet,
                        Delivery = new MqttDelivery(1, (ushort)(i + 1)),
                    },
                    batch);
            }

            batch.Seal();
        }
    }

    public void Dispose() => _receiver.Dispose();

    private static string Names(Reading reading) =>
        $"{Encoding.UTF8.GetString(reading.Series.Device.Span)}/{Encoding.UTF8.GetString(reading.Series.Metric.Span)} " +
        $"[{Encoding.UTF8.GetString(reading.Series.Unit.Span)}] {Encoding.UTF8.GetString(reading.Run.Name.Span)}:{reading.Seq}";
}
