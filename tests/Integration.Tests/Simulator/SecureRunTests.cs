using Shouldly;
using Tally.Integration.Tests.AckResponder;
using Tally.Integration.Tests.Ingest;
using Tally.Integration.Tests.Mqtt;
using Tally.Mqtt;
using Tally.SensorSimulator.Publishing;
using Tally.SensorSimulator.Runs;
using Tally.ServiceDefaults;
using Xunit;

namespace Tally.Integration.Tests.Simulator;

/// <summary>A whole run over each way to a broker, which services and simulator all take.</summary>
[Collection(IngestCollection.Name)]
public sealed class SecureRunTests(IngestServers servers)
{
    private const int Messages = 100_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("mqtts")]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task A_run_balances(string scheme)
    {
        await using var broker = await SecureBroker.StartAsync(Cancel);
        (string Key, string Value)[] settings = broker.TrustFor(scheme) is { } trust ? [("Mqtt:Tls:CaFile", trust.CaFile!)] : [];
        var store = new Database(await servers.CreateMigratedAsync());
        await using var ingest = await IngestProcess.StartReadyAsync(
            broker.AddressOf("ingest", scheme), store.ConnectionString, [.. settings.Select(setting => $"--{setting.Key}={setting.Value}")]);
        await using var responder = await AckResponderHost.StartAsync(broker.AddressOf("ackresponder", scheme), settings);
        await responder.UntilReadyAsync();
        var clients = MqttSettings.From(settings.Select(setting => KeyValuePair.Create(setting.Key["Mqtt:".Length..], (string?)setting.Value))).ApplyTo(new MqttClientFactory());
        var outcome = await new RunExecutor(clients, TimeProvider.System).ExecuteAsync(
            Runs.Of(Messages, new WindowOptions()), broker.AddressOf("simulator", scheme), new SilentProgress(), Cancel);
        outcome.End.ShouldBe(RunEnd.Completed);
        outcome.Stored.Count.ShouldBe(Messages);
        (await store.CountAsync("readings")).ShouldBe(Messages);
    }
}
