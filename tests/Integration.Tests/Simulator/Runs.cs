using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>Runs as the tests here use them: small, and with the re-send rule's times scaled down together.</summary>
internal static class Runs
{
    /// <summary>T = 10 s is half a second here; so is everything else that the rule waits for, by the same factor.</summary>
    public static readonly WindowOptions Quick = new()
    {
        Size = 1_000,
        ProbeAfter = TimeSpan.FromSeconds(0.5),
        MaxProbeAfter = TimeSpan.FromSeconds(3),
        OvertakenAfter = TimeSpan.FromSeconds(0.5),
        RefusedPause = TimeSpan.FromSeconds(0.05),
        MaxRefusedPause = TimeSpan.FromSeconds(0.5),
    };

    public static RunOptions Of(long messages, WindowOptions? window = null) => new()
    {
        Run = "r1",
        Messages = messages,
        Devices = 7,
        Start = new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero),
        Window = window ?? Quick,
        DropCounterTimeout = TimeSpan.FromMilliseconds(1), // what the counter says is tested where it matters
    };

    public static Task<RunOutcome> ExecuteAsync(MosquittoServer broker, RunOptions options, SilentProgress? progress = null, CancellationToken? cancel = null) =>
        new RunExecutor(new MqttClientFactory(), TimeProvider.System).ExecuteAsync(
            options, broker.AddressOf("simulator"), progress ?? new SilentProgress(), cancel ?? TestContext.Current.CancellationToken);
}
