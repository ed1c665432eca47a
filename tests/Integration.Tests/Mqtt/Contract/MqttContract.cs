using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>
/// What every client of Tally promises in every version of MQTT at every broker; the tests stand in the other parts, by verb.
/// Each has topics and client identifiers of its own, so that a class can share one broker.
/// </summary>
public abstract partial class MqttContract(BrokerFixture fixture, IMqttClientFactory clients, MqttProtocolVersion version) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _parts = [];

    private readonly string _name = Guid.NewGuid().ToString("N")[..8];

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected ITestBroker Broker => fixture.Broker;

    private protected Uri Device => Broker.AddressOf("device");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);

        // Clients before the lines that they go through.
        foreach (var part in Enumerable.Reverse(_parts)) await part.DisposeAsync();
    }

    /// <summary>A topic, or a filter, of this test's own.</summary>
    private protected string Topic(string rest) => $"contract/{_name}/{rest}";

    private protected void Needs(BrokerFeature feature) => Assert.SkipWhen(fixture.Lacks.Contains(feature), $"{fixture.GetType().Name}: it lacks {feature}.");

    private protected MqttClientOptions Options(string name, params MqttSubscription[] subscriptions) => new()
    {
        Broker = Device,
        ClientId = $"{_name}-{name}",
        ProtocolVersion = version,
        SessionExpiry = TimeSpan.FromMinutes(5),
        ReconnectDelay = TimeSpan.FromMilliseconds(20),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(200),
        TakeoverDelay = TimeSpan.FromMilliseconds(100),
        Subscriptions = subscriptions,
    };

    private protected Party Join(MqttClientOptions options)
    {
        var party = new Party(clients, options);
        _parts.Add(party);
        return party;
    }

    private protected Task<Party> JoinAsync(string name, params MqttSubscription[] subscriptions) => Join(Options(name, subscriptions)).ReadyAsync();

    private protected Task<Party> JoinAsync(MqttClientOptions options) => Join(options).ReadyAsync();

    private protected Line NewLine()
    {
        var line = new Line(Broker.Port);
        _parts.Add(line);
        return line;
    }

    /// <summary>What the broker was sent before, it has taken once it has answered this.</summary>
    private protected async Task FlushAsync(Party party) => await party.PublishAsync(Topic("flush"), "", Cancel);

    /// <summary>Discards a session behind its client's back; it must not be connected.</summary>
    private protected async Task DiscardSessionAsync(string name)
    {
        await using var other = new Party(clients, Options(name) with { CleanStart = true, SessionExpiry = TimeSpan.Zero });
        await other.ReadyAsync();
        await other.StopAsync();
    }
}
