using Shouldly;
using Tally.Integration.Tests.AckResponder;
using Tally.Integration.Tests.Ingest;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Promise;

/// <summary>What is let in is stored or a dead letter; what is not leaves a sign.</summary>
[Collection(IngestCollection.Name)]
public sealed class SignTests(IngestServers servers)
{
    public static TheoryData<MqttProtocolVersion> Versions => [MqttProtocolVersion.V500, MqttProtocolVersion.V311];

    // Shapes, depths, prefixes and cases. Only those of services are refused.
    private static readonly string[] Topics =
    [
        "telemetry/a/t", "telemetry/plant/v5/temperature", "telemetry/a/b/c/d/e/f/g/h", "telemetry/temperature", "telemetry", "telemetry/", "telemetry//t", "telemetry/a/", "telemetry//",
        "Telemetry/a/t", "TELEMETRY/a/t", "telemetri/a/t", " telemetry/a/t", "telemetry /a/t", "telemetry/a b/t c", "telemetry/ä/ö", "telemetry/传感器/温度", "telemetry/🌡/t",
        "/telemetry/a/t", "/home/temperature", "/", "//", "///", "/a", "a", "a/", "a//b", "home", "home/", "home/x", "home/x/y/z", "Home/x", "Building/1/Temperature", "building/1", "sensor/s",
        "senml/x", "zigbee2mqtt/lamp", "zigbee2mqtt/bridge/state", "tele/plug/SENSOR", "shellies/s1/relay/0", "v1/devices/me/telemetry", "telegraf/host/cpu", "homeassistant/sensor/x/config",
        "runs/", "runs/a b", "runs/r/extra", "ingest/ingest-1", "acksx/d", "storedx/r", "plant/line1/$SYS/t",
    ];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Whatever_topic_a_device_publishes_on_it_is_stored_or_a_dead_letter(MqttProtocolVersion version)
    {
        Topics.Distinct().Count().ShouldBeGreaterThanOrEqualTo(50);
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"), version);

        foreach (var topic in Topics) await device.PublishAsync(topic, "21.5");

        await Eventually.UntilAsync(async () => await database.CountAsync("telemetry") + await database.CountAsync("dead_letters") == Topics.Length, "each to be found");
        (await database.QueryAsync("SELECT topic FROM telemetry UNION ALL SELECT topic FROM dead_letters")).ShouldBe(Topics, ignoreOrder: true);
        (await database.QueryAsync("SELECT reason FROM dead_letters WHERE topic = 'zigbee2mqtt/lamp'")).ShouldBe(["no source reads this topic; add one: Ingest__Presets=zigbee2mqtt"]);
    }

    [Theory]
    [InlineData("acks/d")]
    [InlineData("stored/r")]
    [InlineData("$SYS/broker/x")]
    [InlineData("$tally/x")]
    public async Task What_only_services_may_say_is_refused(string topic)
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        (await device.TryPublishAsync(topic, "{}")).ShouldBe(MqttReasonCode.NotAuthorized);
    }

    [Fact]
    public async Task What_is_published_at_QoS_0_waits_for_Ingest_and_is_delivered_again_when_it_was_killed()
    {
        const int Readings = 2_000;
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        for (var reading = 1; reading <= Readings; reading++)
        {
            await device.PublishAsync("home/unsure/t", $"{reading}", qos: MqttQos.AtMostOnce);
            if (reading == 500) await ingest.KillAsync();
            if (reading == 1_500) ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        }

        await using var last = ingest;
        await Eventually.UntilAsync(async () => (await database.QueryAsync("SELECT count(DISTINCT value) FROM telemetry WHERE device = 'home/unsure'"))[0] == $"{Readings}", "all of them");
    }

    [Fact]
    public async Task A_packet_over_the_limit_and_a_wrong_password_are_named_on_the_health_page()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        await using var responder = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await responder.UntilReadyAsync();
        using var stop = new CancellationTokenSource();
        await using var camera = new MqttClient(new MqttClientOptions { Broker = broker.AddressOf("device"), ClientId = "camera-7", ProtocolVersion = MqttProtocolVersion.V311 }, new Nobody(), null);
        var running = camera.RunAsync(stop.Token);
        await Eventually.UntilAsync(() => camera.IsReady, "the camera to be connected");

        camera.TryPublish(new MqttPublication { Topic = "home/camera/picture", Payload = new byte[1_000_001], Qos = MqttQos.AtLeastOnce }, 1);
        await using (var stranger = new MqttClient(new MqttClientOptions { Broker = new UriBuilder(broker.AddressOf("device")) { Password = "wrong" }.Uri, ClientId = "stranger" }, new Nobody(), null))
            await Should.ThrowAsync<MqttRefusedException>(stranger.RunAsync(stop.Token));

        await Eventually.UntilAsync(async () => (await responder.GetAsync("/health/ready")).Text is var text && text.Contains("client 'camera-7' was closed for a packet over") && text.Contains("was not let in"), "both signs");
        (await responder.GetAsync("/health/ready")).Text.ShouldStartWith("Degraded\nbroker: ");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_queue_that_fills_up_is_said_before_it_is_full_and_when_messages_are_dropped()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken, "max_queued_messages 100\n");
        var database = new Database(await servers.CreateMigratedAsync());
        await using var responder = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"), ("BrokerQueueMessages", "100"));
        await responder.UntilReadyAsync();
        await using (var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString)) await ingest.StopAsync();
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        for (var reading = 1; reading <= 85; reading++) await device.PublishAsync("home/many/t", $"{reading}");
        await Eventually.UntilAsync(async () => (await responder.GetAsync("/health/ready")).Text.Contains("of 100 messages"), "the warning");
        (await responder.GetAsync("/health/ready")).Text.ShouldNotContain("dropped:");
        for (var reading = 86; reading <= 120; reading++) await device.PublishAsync("home/many/t", $"{reading}");
        await Eventually.UntilAsync(async () => (await responder.GetAsync("/health/ready")).Text.Contains("has dropped"), "the drops");
    }
}
