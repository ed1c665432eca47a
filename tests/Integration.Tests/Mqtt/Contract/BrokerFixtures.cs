using Tally.Testing;
using Xunit;

namespace Tally.Integration.Tests.Mqtt.Contract;

/// <summary>A broker for all tests of a class, or why there is none.</summary>
public abstract class BrokerFixture : IAsyncLifetime
{
    private ITestBroker? _broker;

    /// <summary>Why there is none, in one line; null: there is one.</summary>
    public abstract string? WhyNot { get; }

    /// <summary>It says of a message that it may have been delivered before (3.3.1.1).</summary>
    public virtual bool SetsDuplicate => true;

    /// <summary>It knows after a reconnection for which messages of QoS 2 it had PUBREC (4.3.3).</summary>
    public virtual bool KeepsExactlyOnce => true;

    /// <summary>It reads from a client that does not read from it.</summary>
    public virtual bool ReadsWhileItCannotWrite => true;

    internal ITestBroker Broker => _broker ?? throw new InvalidOperationException(WhyNot);

    public async ValueTask InitializeAsync()
    {
        if (WhyNot is null) _broker = await StartAsync(TestContext.Current.CancellationToken);
    }

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
    public override string? WhyNot => null;

    protected override async Task<ITestBroker> StartAsync(CancellationToken cancellationToken) =>
        await MosquittoServer.StartAsync(cancellationToken, extraAccess: "\nuser device\ntopic readwrite contract/#\n");
}

/// <summary>A broker that knows nothing of Tally: MQTT 3.1.1.</summary>
public sealed class OnAedes : BrokerFixture
{
    public override string? WhyNot => AedesServer.WhyNot;

    // 1.2.0 leaves the flag out of what it delivers again (seen).
    public override bool SetsDuplicate => false;

    // With two messages that had their PUBREC and not yet PUBCOMP, 1.2.0 sends PUBREL and PUBLISH for one and nothing for the other (seen).
    public override bool KeepsExactlyOnce => false;

    // Its handling of a client waits until what it has to write to it is written.
    public override bool ReadsWhileItCannotWrite => false;

    protected override async Task<ITestBroker> StartAsync(CancellationToken cancellationToken) => await AedesServer.StartAsync(cancellationToken);
}
