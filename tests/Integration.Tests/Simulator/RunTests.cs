using Shouldly;
using Tally.Mqtt;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

public sealed class RunTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 20, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(MqttQos.AtMostOnce)]
    [InlineData(MqttQos.AtLeastOnce)]
    public async Task A_run_without_faults_is_acknowledged_whole_with_no_copy_and_no_drop(MqttQos qos)
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var broker = await MosquittoServer.StartAsync(cancel);
        await using var ingest = await StandInIngest.StartAsync(broker);
        await using var responder = await Responder.StartAsync(broker);

        var outcome = await ExecuteAsync(broker, new RunOptions { Run = "r1", Messages = 20_001, Devices = 7, Start = Start, Qos = qos }, cancel);

        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Published.ShouldBe(20_001);
        outcome.Stored.Count.ShouldBe(20_001);
        outcome.Rejected.Count.ShouldBe(0);
        outcome.Resent.ShouldBe(0);
        outcome.Unannounced.ShouldBeEmpty();
        outcome.Latency.Count.ShouldBe(20_001);
        outcome.BrokerDropped.ShouldBe(0);
        ingest.Stored.Count.ShouldBe(20_001);
        ingest.Duplicates.ShouldBe(0);
    }

    private static Task<RunOutcome> ExecuteAsync(MosquittoServer broker, RunOptions options, CancellationToken cancel) =>
        new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(options, broker.AddressOf("simulator"), new SilentProgress(), cancel);
}
