using Shouldly;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.SensorSimulator.Watching;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

public sealed class WatchTests
{
    [Fact]
    public async Task What_arrives_is_printed_and_counted()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var sensor = new MqttClientFactory().Create(
            new MqttClientOptions { Broker = broker.AddressOf("device"), ClientId = "sensor" }, new Silent());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var publishing = sensor.RunAsync(stop.Token);
        var output = new StringWriter();
        var watch = new Watch(new MqttClientFactory(), output) { Filter = "home/#", Every = 2, Count = 3 };
        var watching = watch.RunAsync(broker.AddressOf("viewer"), cancel);

        // Published until the watcher is there and has seen enough: a plain subscriber has no session.
        while (!watching.IsCompleted)
        {
            await sensor.PublishAsync(Message("Temperature: 23.5°C"u8), cancel);
            await Task.WhenAny(watching, Task.Delay(20, cancel));
        }

        await watching;
        await stop.CancelAsync();
        await publishing;
        var lines = output.ToString().TrimEnd().Split('\n');
        lines[0].ShouldEndWith("home/temperature QoS 1 Temperature: 23.5°C");
        lines[2].ShouldBe("-- 2 messages");
        lines[^1].ShouldBe("3 messages");
    }

    [Fact]
    public async Task A_broker_that_refuses_ends_the_watch_with_a_line_that_says_so()
    {
        await using var broker = await MosquittoServer.StartAsync(TestContext.Current.CancellationToken);
        var watch = new Watch(new MqttClientFactory(), TextWriter.Null) { Filter = "#" };
        var error = await Should.ThrowAsync<RunEnvironmentException>(() => watch.RunAsync(
            new UriBuilder(broker.AddressOf("viewer")) { Password = "wrong" }.Uri, TestContext.Current.CancellationToken));
        error.Message.ShouldContain("viewer");
    }

    [Fact]
    public async Task A_broker_that_is_not_there_ends_the_watch_in_time()
    {
        var watch = new Watch(new MqttClientFactory(), TextWriter.Null) { Filter = "#", ConnectTimeout = TimeSpan.FromSeconds(0.3) };
        var error = await Should.ThrowAsync<RunEnvironmentException>(() => watch.RunAsync(new Uri("mqtt://127.0.0.1:1"), TestContext.Current.CancellationToken));
        error.Message.ShouldContain("--connect-timeout");
    }

    private static MqttPublication Message(ReadOnlySpan<byte> payload) => new() { Topic = "home/temperature", Payload = payload.ToArray(), Qos = MqttQos.AtLeastOnce };

    private sealed class Silent : IMqttHandler;
}
