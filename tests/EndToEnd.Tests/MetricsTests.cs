using System.Text.Json;
using Shouldly;
using Xunit;

namespace Tally.EndToEnd.Tests;

public sealed class MetricsTests : IDisposable
{
    private readonly LocalDataDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task What_services_have_counted_at_their_end_equals_the_ledger()
    {
        const int Readings = 10_000;
        var report = Path.Combine(_data.Path, "report.json");
        using var receiver = new MetricsReceiver();
        await using var app = AppHostProcess.StartSendingTo(receiver.Address, "--messages", $"{Readings}", "--data", _data.Path, "--report", report, "--exit");
        (await app.ExitAsync(TimeSpan.FromSeconds(120))).ShouldBe(0, app.Output);

        using var ledger = JsonDocument.Parse(await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken));
        double InLedger(string name) => ledger.RootElement.GetProperty(name).GetDouble();
        Value("simulator", "tally.simulator.readings.published").ShouldBe(InLedger("published"));
        Value("simulator", "tally.simulator.readings.acknowledged").ShouldBe(InLedger("acknowledged"));
        Value("simulator", "tally.simulator.readings.resent").ShouldBe(InLedger("resent"));
        Value("simulator", "tally.simulator.readings.unacknowledged").ShouldBe(0);
        Value("simulator", "tally.simulator.publish_to_acknowledged.duration").ShouldBe(InLedger("acknowledged"));
        Value("ingest", "tally.ingest.readings.received").ShouldBe(InLedger("received"));
        Value("ingest", "tally.ingest.readings.stored").ShouldBe(InLedger("stored"));
        Value("ingest", "tally.ingest.readings.duplicates").ShouldBe(InLedger("duplicates"));
        Value("ingest", "tally.ingest.readings.rejected").ShouldBe(InLedger("rejected"));
        Value("ingest", "tally.ingest.messages.unacknowledged").ShouldBe(0);
        Value("ingest", "tally.ingest.publish_to_stored.duration").ShouldBe(Readings / 1_000); // of those that are traced
        Value("ingest", "tally.ingest.batch.size").ShouldBeGreaterThan(0);
        Value("ingest", "tally.ingest.batch.flush.duration").ShouldBe(Value("ingest", "tally.ingest.batch.size"));
        Value("ackresponder", "tally.broker.messages.dropped").ShouldBe(InLedger("brokerDropped"));
        Value("ackresponder", "tally.broker.messages.queued").ShouldBeGreaterThanOrEqualTo(0);
        foreach (var service in (string[])["simulator", "ingest", "ackresponder"]) Value(service, "tally.mqtt.reconnects").ShouldBe(0, service);
        receiver.OfTally.ShouldAllBe(metric => metric.Description.EndsWith('.') && metric.Unit.Length > 0);

        double Value(string service, string name) =>
            (receiver[service, name] ?? throw new InvalidOperationException($"{service} has said nothing of {name}; it has said {string.Join(", ", receiver.OfTally)}.")).Value;
    }
}
