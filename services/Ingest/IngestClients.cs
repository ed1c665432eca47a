using Tally.Ingest.Receiving;
using Tally.Ingest.Sources;
using Tally.Mqtt;
using Tally.ServiceDefaults;

namespace Tally.Ingest;

/// <summary>
/// The two sessions at the broker. Notices have one of their own: the one that delivers is not read while too much is
/// pending, and must not have the notice's PUBACK behind what it delivers.
/// </summary>
internal sealed class IngestClients : IAsyncDisposable
{
    /// <summary>Those of the service.</summary>
    public IngestClients(IMqttClientFactory factory, TelemetryHandler handler, SourceSet sources, IngestOptions options, IConfiguration configuration)
        : this(factory, handler, new NoticeHandler(), SubscriptionFilters.Of(sources, options), options, configuration)
    {
    }

    /// <summary>The same sessions with other listeners, subscribing to something else.</summary>
    public IngestClients(
        IMqttClientFactory factory,
        IMqttHandler delivery,
        IMqttHandler notices,
        IReadOnlyList<MqttSubscription> subscriptions,
        IngestOptions options,
        IConfiguration configuration)
    {
        var common = new MqttClientOptions
        {
            Broker = configuration.BrokerAddress(),
            ClientId = options.Instance,
            KeepAlive = options.KeepAlive,
            SessionExpiry = options.SessionExpiry,
        };
        Subscriptions = [.. subscriptions.Select(subscription => subscription.Filter)];
        Delivery = factory.Create(common with { Subscriptions = subscriptions }, delivery);

        // What was not acknowledged is published again by the announcer, which knows whether it still matters; a session
        // outlives only short breaks.
        Notices = factory.Create(common with { ClientId = options.Instance + "-notices", SessionExpiry = TimeSpan.FromMinutes(5) }, notices);
    }

    /// <summary>Delivers readings and takes their PUBACKs.</summary>
    public IMqttClient Delivery { get; }

    /// <summary>Publishes notices.</summary>
    public IMqttClient Notices { get; }

    /// <summary>What the delivering session subscribes to.</summary>
    public IReadOnlyList<string> Subscriptions { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Delivery.DisposeAsync();
        await Notices.DisposeAsync();
    }

    /// <summary>Nothing arrives on the notices' session.</summary>
    private sealed class NoticeHandler : IMqttHandler;
}
