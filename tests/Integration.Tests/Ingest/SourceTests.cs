using System.Globalization;
using System.Text.Json;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>What people's devices send, through the real broker into the real database.</summary>
[Collection(IngestCollection.Name)]
public sealed class SourceTests(IngestServers servers)
{
    [Fact]
    public async Task Every_case_is_in_the_store_as_what_it_says_or_a_dead_letter_with_its_reason()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, $"--Ingest:Presets={PayloadCases.Presets}");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        foreach (var sent in PayloadCases.All) await device.PublishAsync(sent.Topic, sent.Payload);
        var expected = PayloadCases.All.SelectMany(sent => sent.Expected).ToList();
        var rejected = PayloadCases.All.Where(sent => sent.Expected.Count == 0).ToList();
        await database.UntilCountAsync("telemetry", expected.Count);
        await database.UntilCountAsync("dead_letters", rejected.Count);

        (await database.DescribeAsync()).Order(StringComparer.Ordinal).ShouldBe(expected.Select(WithoutText).Order(StringComparer.Ordinal));
        foreach (var line in expected.Where(line => line != WithoutText(line)))
        {
            var parts = line.Split(" | ");
            (await database.QueryAsync($"SELECT raw_text FROM telemetry WHERE device = '{parts[0]}' AND metric = '{parts[1]}'")).ShouldBe([parts[4]]);
        }

        (await database.QueryAsync("SELECT topic || ' ' || convert_from(payload, 'UTF8') FROM dead_letters")).ShouldBe(rejected.Select(sent => $"{sent.Topic} {sent.Payload}"), ignoreOrder: true);
        (await database.QueryAsync("SELECT reason FROM dead_letters WHERE reason LIKE 'a defect%' OR reason = '' OR (source = '' AND reason NOT LIKE '%topic%')")).ShouldBeEmpty();
        (await database.QueryAsync("SELECT count(DISTINCT topic) FROM telemetry")).ShouldBe([$"{PayloadCases.All.Where(sent => sent.Expected.Count > 0).Select(sent => sent.Topic).Distinct().Count()}"]);
    }

    [Fact]
    public async Task Ten_thousand_messages_of_five_presets_with_poison_among_them_are_all_accounted_for()
    {
        const int Messages = 10_000;
        const string Used = "zigbee2mqtt,tasmota,thingsboard,telegraf";
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString, $"--Ingest:Presets={Used}");
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        var random = new Random(12);
        var (expected, poison) = (new List<string>(), 0);
        for (var i = 0; i < Messages; i++)
        {
            var at = DateTime.UnixEpoch.AddSeconds(1_764_150_000 + i);
            var (topic, payload, readings) = Message(random, i, at);
            expected.AddRange(readings);
            if (readings.Length == 0) poison++;
            await device.PublishAsync(topic, payload, qos: i % 7 == 0 ? MqttQos.ExactlyOnce : MqttQos.AtLeastOnce);
        }

        await database.UntilCountAsync("telemetry", expected.Count);
        await database.UntilCountAsync("dead_letters", poison);

        poison.ShouldBe(Messages / 100);
        (await database.DescribeAsync()).Order(StringComparer.Ordinal).ShouldBe(expected.Order(StringComparer.Ordinal));
        (await database.QueryAsync("SELECT DISTINCT reason FROM dead_letters WHERE reason LIKE 'a defect%'")).ShouldBeEmpty();
        (await database.QueryAsync("SELECT sum(messages) FROM dead_letter_groups")).ShouldBe([$"{poison}"]);
        (await database.ProgressAsync("0")).ShouldBe($"{expected.Count + poison}|{expected.Count}|0|{poison}");
    }

    [Fact]
    public async Task What_the_broker_kept_is_no_new_reading_and_what_waited_is_marked_late()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await device.PublishAsync("home/kept/t", "1", retain: true);
        await device.PublishAsync("home/timed/t", """{"value":2,"ts":1764150000}""", retain: true);
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await device.PublishAsync("home/kept/t", "", retain: true); // deletes it, and is no dead letter
            await device.PublishAsync("home/kept/t", "1", retain: true);
            await device.PublishAsync("home/ahead/t", """{"value":3,"at":"2999-01-01T00:00:00Z"}""");
            await database.UntilCountAsync("telemetry", 4);
            (await ingest.StopAsync()).ShouldBe(0);
        }

        await device.PublishAsync("home/live/t", "4"); // waits
        await using var again = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await database.UntilCountAsync("telemetry", 5);
        await Eventually.UntilAsync(
            async () =>
            {
                await device.PublishAsync("home/live/t", "5");
                return await database.CountAsync("telemetry WHERE value = 5 AND NOT arrived_late") > 0;
            },
            "the backlog to be over");
        (await again.StopAsync()).ShouldBe(0);

        (await database.QueryAsync("SELECT device, value, at_is_arrival, arrived_late, ahead, retained FROM telemetry WHERE value < 5 ORDER BY seq")).ShouldBe(
        [
            "home/kept|1|True|False|False|True",
            "home/timed|2|False|False|False|True",
            "home/kept|1|True|False|False|False",
            "home/ahead|3|False|False|True|False",
            "home/live|4|True|True|False|False",
        ]);
        (await database.CountAsync("dead_letters")).ShouldBe(0);
    }

    [Fact]
    public async Task Dead_letters_are_read_in_again_after_a_source_was_changed()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString))
        {
            await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
            foreach (var payload in (string[])["T21.5", "T22", "broken"]) await device.PublishAsync("home/odd", payload);
            await device.PublishAsync("home/other", "T1");
            await database.UntilCountAsync("dead_letters", 4);
        }

        string[] source = ["--Ingest:Sources:0:Topic=home/#", "--Ingest:Sources:0:Format=Text", "--Ingest:Sources:0:Pattern=^T(?<value>[0-9.]+)$"];
        (await RunAsync(database, ["replay", "--topic", "home/odd", .. source])).ShouldBe((1, "3 dead letters read in again: 2 are stored, as 2 new readings; 1 are rejected again."));
        (await RunAsync(database, ["replay", "--reason", "the text is not one number", .. source])).ShouldBe((0, "1 dead letters read in again: 1 are stored, as 1 new readings; 0 are rejected again."));
        (await RunAsync(database, ["replay", "--reason", "the text is not one number", .. source])).ShouldBe((0, "0 dead letters read in again: 0 are stored, as 0 new readings; 0 are rejected again."));

        (await database.QueryAsync("SELECT telemetry.device, telemetry.metric, value, replayed, at = first_seen FROM telemetry JOIN dead_letters ON raw_text = convert_from(payload, 'UTF8') ORDER BY value")).ShouldBe(
            ["home|other|1|True|True", "home|odd|21.5|True|True", "home|odd|22|True|True"]);
        (await database.QueryAsync("SELECT reason, count FROM dead_letters WHERE replayed_at IS NULL")).ShouldBe(["the text does not match the pattern of its source|2"]);
    }

    [Fact]
    public async Task Decode_says_what_would_be_stored_without_a_broker_or_a_database()
    {
        var capture = Path.Combine(TestDirectory.Make("capture"), "capture.jsonl");
        await File.WriteAllLinesAsync(
            capture,
            [
                """{"tst":"2026-11-26T10:00:00.000000Z+0000","topic":"zigbee2mqtt/lamp","qos":0,"retain":0,"payloadlen":15,"payload":"{\"state\":\"ON\"}"}""",
                """{"topic":"home/x","payload":{"value":5}}""",
                """{"topic":"home/x","payload":"ajar"}""",
            ],
            TestContext.Current.CancellationToken);
        await using var ingest = IngestProcess.StartBare("decode", "--file", capture, "--source", "zigbee2mqtt");

        (await ingest.Exited).ShouldBe(1);

        var said = ingest.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        said.Select(line => string.Join(' ', line.EnumerateObject().Where(property => property.Name is not "at").Select(property => property.Value.ToString()))).ShouldBe(
            ["lamp state 1   arrival zigbee2mqtt", "home x 5   arrival seeds", "home/x no number in the text seeds"]);
    }

    private static string WithoutText(string line) => string.Join(" | ", line.Split(" | ")[..4]);

    private static async Task<(int Status, string Line)> RunAsync(Database database, string[] arguments)
    {
        await using var process = IngestProcess.Start(new Uri("mqtt://nowhere"), database.ConnectionString, arguments);
        return (await process.Exited, string.Join('\n', process.Lines));
    }

    /// <summary>A message, and the readings that it is; none for one in a hundred.</summary>
    private static (string Topic, string Payload, string[] Readings) Message(Random random, int number, DateTime at)
    {
        var device = $"d{number % 50}";
        if (number % 100 == 99)
        {
            var (poisoned, poison) = (number / 100 % 5) switch
            {
                0 => ($"zigbee2mqtt/{device}", "{\"temperature\":"),
                1 => ($"tele/{device}/SENSOR", "{\"Time\":\"now\",\"T\":1}"),
                2 => ($"v1/devices/{device}/telemetry", "{\"values\":{\"a\":\"warm\"}}"),
                3 => ($"telegraf/{device}", "m v=1x"),
                _ => ($"home/{device}/t", "21 or so"),
            };
            return (poisoned, poison + new string(' ', number / 100), []); // each another one
        }

        var value = Math.Round(random.NextDouble() * 100 - 20, 2);
        var text = value.ToString(CultureInfo.InvariantCulture);
        var since = (at - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return (number % 5) switch
        {
            0 => ($"zigbee2mqtt/{device}", $$"""{"temperature":{{text}},"occupancy":true,"last_seen":{{since / 1000}}}""", Readings(("temperature", value), ("occupancy", 1))),
            1 => ($"tele/{device}/SENSOR", $$"""{"Time":"{{at:yyyy-MM-ddTHH:mm:ss}}","BME280":{"Temperature":{{text}}},"TempUnit":"C"}""", Readings(("BME280.Temperature", value))),
            2 => ($"v1/devices/{device}/telemetry", $$$"""{"ts":{{{since / 1000}}},"values":{"a":{{{text}}},"b":"7"}}""", Readings(("a", value), ("b", 7))),
            3 => ($"telegraf/{device}", $"m,host=x v={text},n={number}i {since}000", Readings(("m.v", value), ("m.n", number))),
            _ => ($"home/{device}/t", $$"""{"value":{{text}},"unit":"Cel","at":"{{at:O}}"}""", [PayloadCases.Describe($"home/{device}", "t", value, "Cel", since)]),
        };

        string[] Readings(params (string Metric, double Value)[] readings) => [.. readings.Select(reading => PayloadCases.Describe(device, reading.Metric, reading.Value, "", since))];
    }
}
