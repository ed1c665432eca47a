using System.Diagnostics;
using Shouldly;
using Tally.Integration.Tests.AckResponder;
using Tally.Integration.Tests.QueryApi;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

[Collection(IngestCollection.Name)]
public sealed class ForeignPublisherTests(IngestServers servers)
{
    private static readonly string[] Pythons = ["python3", "/usr/bin/python3"]; // the second: a package of the system, whatever comes first on PATH

    [Fact]
    public async Task An_unmodified_paho_script_is_stored_with_the_right_values()
    {
        var python = FindPython();
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);

        var user = broker.AddressOf("device").UserInfo.Split(':');
        Run(python, Path.Combine(AppContext.BaseDirectory, "Ingest", "publish_temperature.py"), "127.0.0.1", $"{broker.Port}", user[0], user[1]).ShouldBe(0);
        await database.UntilCountAsync("readings", 2);

        (await database.ReadingsAsync()).ShouldBe(
        [
            "Building|Temperature||0|own|17|messages: 17",
            "home|temperature|Cel|0|own|23.5|Temperature: 23.5°C",
        ]);
    }

    [Fact]
    public async Task A_run_of_ones_own_with_paho_balances()
    {
        var python = FindPython();
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var responder = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder"));
        await responder.UntilReadyAsync();

        var user = broker.AddressOf("device").UserInfo.Split(':');
        Run(python, Path.Combine(AppContext.BaseDirectory, "Ingest", "publish_run.py"), "127.0.0.1", $"{broker.Port}", user[0], user[1], "mine", "501").ShouldBe(0);

        await using var api = await QueryApiHost.StartAsync(database.ConnectionString);
        var ledger = await api.GetAsync("/api/runs/mine/ledger");
        ledger.GetProperty("balanced").GetBoolean().ShouldBeTrue(ledger.GetRawText());
        ledger.GetProperty("stored").GetInt64().ShouldBe(501);
    }

    [Fact]
    public async Task A_SenML_pack_becomes_several_readings_by_their_resolved_names()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));

        await device.PublishAsync(
            "home/meter-7/all",
            """[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.795165200e+09,"bu":"A","n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","v":1.7}]""",
            "application/senml+json");
        await device.PublishAsync("home/meter-8/humidity", """[{"bn":"urn:dev:ow:1:","bu":"%RH","v":20},{"u":"lon","v":24.3},{"u":"lat","v":60.1},{"v":21}]""");
        await device.PublishAsync("home/meter-9/all", """[{"n":"a","v":1},{"n":"b","vs":"on"}]""");
        await database.UntilCountAsync("readings", 8);
        await database.UntilCountAsync("dead_letters", 1);

        (await database.ReadingsAsync()).ShouldBe(
        [
            "home/meter-9|all.a||0|own|1|-",
            "urn:dev:ow|1|%RH|0|own|20|-",
            "urn:dev:ow|1|lon|0|own|24.3|-",
            "urn:dev:ow|1|lat|0|own|60.1|-",
            "urn:dev:ow|1|%RH|0|own|21|-",
            "urn:dev:ow:10e2073a0108006|current|A|0|own|1.2|-",
            "urn:dev:ow:10e2073a0108006|current|A|0|own|1.7|-",
            "urn:dev:ow:10e2073a0108006|voltage|V|0|own|120.1|-",
        ]);
        (await database.ProgressAsync("0")).ShouldBe("9|8|0|1");
    }

    [Fact]
    public async Task Two_equal_readings_are_two_and_QoS_0_and_retained_ones_are_stored_too()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var database = new Database(await servers.CreateMigratedAsync());
        await using var device = await Publisher.ConnectAsync(broker.AddressOf("device"));
        await device.PublishAsync("sensor/hall", "18", retain: true); // before anybody subscribes
        await using var ingest = await IngestProcess.StartReadyAsync(broker.AddressOf("ingest"), database.ConnectionString);

        await Task.WhenAll(device.PublishAsync("home/kitchen/temp", "21"), device.PublishAsync("home/kitchen/temp", "21"));
        await device.PublishAsync("home/kitchen/temp", "22", qos: MqttQos.AtMostOnce);
        await device.PublishAsync("home/bell", """{"value":1,"at":"2026-11-20T09:00:00Z","unit":"count"}""");
        await database.UntilCountAsync("readings", 5);

        (await database.ReadingsAsync()).Order(StringComparer.Ordinal).ShouldBe(
        [
            "home/kitchen|temp||0|own|21|21",
            "home/kitchen|temp||0|own|21|21",
            "home/kitchen|temp||0|own|22|22",
            "home|bell|count|0|own|1|-",
            "sensor|hall||0|own|18|18",
        ]);
    }

    private static string FindPython()
    {
        var python = Array.Find(Pythons, candidate => Run(candidate, "-c", "import paho.mqtt.client") == 0);
        Assert.SkipWhen(python is null, "python3-paho-mqtt is not installed");
        return python!;
    }

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1; // there is no such program
        }
    }
}
