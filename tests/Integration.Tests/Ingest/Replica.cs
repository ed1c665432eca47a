using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Ingest;

/// <summary>Several Ingest at one broker, as a StatefulSet starts them, and one more that retires one of them.</summary>
internal static class Replica
{
    public const string Group = "--Ingest:SharedGroup=tally";

    public static Task<IngestProcess> StartReadyAsync(Uri broker, string database, string instance, params string[] arguments) =>
        IngestProcess.StartReadyAsync(broker, database, [$"--Ingest:Instance={instance}", Group, .. arguments]);

    /// <summary>Runs <c>retire</c> to its end.</summary>
    /// <returns>Its exit status and the one line it wrote.</returns>
    public static async Task<(int Status, string Line)> RetireAsync(Uri broker, string database, string instance, params string[] arguments)
    {
        await using var retire = IngestProcess.Start(broker, database, ["retire", "--instance", instance, "--Retire:Quiet=00:00:00.2", .. arguments]);
        var status = await retire.Exited.WaitAsync(Eventually.Timeout, TestContext.Current.CancellationToken);
        return (status, retire.Lines.ShouldHaveSingleItem());
    }

    /// <summary>Client identifier of an instance's session.</summary>
    public static async Task<string> ClientIdAsync(Database database, string instance) =>
        (await database.QueryAsync($"SELECT instance || '-' || key FROM ingest_sessions WHERE instance = '{instance}'")).ShouldHaveSingleItem();

    /// <summary>Has the database remember an instance that lived before.</summary>
    /// <returns>Client identifier of its session.</returns>
    public static async Task<string> RememberAsync(Database database, string instance)
    {
        await database.QueryAsync($"INSERT INTO ingest_sessions (instance, key, filters) VALUES ('{instance}', 'key', '{{#}}')");
        return $"{instance}-key";
    }

    /// <summary>Whether the broker keeps a session of that name. It does not afterwards.</summary>
    public static async Task<bool> HasSessionAsync(Uri broker, string clientId)
    {
        var seen = new Seen();
        using var stop = new CancellationTokenSource();
        await using var client = new MqttClient(new MqttClientOptions { Broker = broker, ClientId = clientId }, seen, null);
        var running = client.RunAsync(stop.Token);
        await Eventually.UntilAsync(() => seen.Present is not null, $"CONNACK for '{clientId}'");
        await stop.CancelAsync();
        await running;
        return seen.Present!.Value;
    }

    private sealed class Seen : IMqttHandler
    {
        public bool? Present { get; private set; }

        public void OnConnected(in MqttConnected connected) => Present ??= connected.SessionPresent;
    }
}
