using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>What not every broker does.</summary>
public enum BrokerFeature
{
    AssignedClientIdentifier,
    ReceiveMaximumOfItsOwn,
    SessionExpiryWithDisconnect,
    SharedSubscriptions,
    SubAckInTheOrderAsked,
    WillWithDisconnect,
}

/// <summary>A broker for all tests of a class.</summary>
public abstract class BrokerFixture : IAsyncLifetime
{
    private ITestBroker? _broker;

    /// <summary>What it does not do.</summary>
    public virtual IReadOnlyList<BrokerFeature> Lacks => [];

    /// <summary>It says of a message that it may have been delivered before (3.3.1.1).</summary>
    public virtual bool SetsDuplicate => true;

    /// <summary>It knows after a reconnection for which messages of QoS 2 it had PUBREC (4.3.3).</summary>
    public virtual bool KeepsExactlyOnce => true;

    internal ITestBroker Broker => _broker ?? throw new InvalidOperationException("It was not started.");

    public async ValueTask InitializeAsync() => _broker = await StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _broker?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Starts it, with a user "device" who may publish and subscribe to all of <c>contract/</c>.</summary>
    protected abstract Task<ITestBroker> StartAsync(CancellationToken cancellationToken);
}

/// <summary>The broker that Tally brings along: MQTT 5 and 3.1.1.</summary>
public sealed class OnMosquitto : BrokerFixture
{
    protected override async Task<ITestBroker> StartAsync(CancellationToken cancellationToken) =>
        await MosquittoServer.StartAsync(cancellationToken, MosquittoServer.ByTheBook, "\nuser device\ntopic readwrite contract/#\n");
}

/// <summary>A broker that knows nothing of Tally: MQTT 5 and 3.1.1.</summary>
public sealed class OnMqttNetServer : BrokerFixture
{
    // 5.2: one session expiry for all; SUBACK in the order of QoS.
    public override IReadOnlyList<BrokerFeature> Lacks => Enum.GetValues<BrokerFeature>();

    // It leaves the flag out of what it delivers again, and delivers what had its PUBREC once more (seen). It passes on every PUBLISH
    // of QoS 2 that it reads, also one it had before with the same packet identifier (MqttConnectedClient.HandleIncomingPublishPacket).
    public override bool SetsDuplicate => false;

    public override bool KeepsExactlyOnce => false;

    protected override async Task<ITestBroker> StartAsync(CancellationToken cancellationToken) => await MqttNetServer.StartAsync();
}
