using Tally.Ingest.Receiving;
using Tally.Mqtt;
using Tally.ServiceDefaults;

namespace Tally.Ingest;

/// <summary>
/// The two sessions at the broker. Notices have one of their own: the one that delivers is not read while too much is
/// pending, and must not have the notice's PUBACK behind what it delivers.
/// </summary>
internal sealed class IngestClients(
    IMqttClientFactory factory,
    IMqttHandler delivery,
    IMqttHandler notices,
    IReadOnlyList<string> subscriptions,
    IngestOptions options,
    IConfiguration configuration) : IAsyncDisposable
{
    private IMqttClient? _delivery, _notices;

    /// <summary>Those of the service.</summary>
    public IngestClients(IMqttClientFactory factory, TelemetryHandler handler, IngestOptions options, IConfiguration configuration)
        : this(factory, handler, new NoticeHandler(), SubscriptionFilters.Of(options), options, configuration)
    {
    }

    /// <summary>Delivers readings and takes their PUBACKs.</summary>
    public IMqttClient Delivery => _delivery ?? throw new InvalidOperationException("Open comes first.");

    /// <summary>Publishes notices.</summary>
    public IMqttClient Notices => _notices ?? throw new InvalidOperationException("Open comes first.");

    /// <summary>What the delivering session subscribes to.</summary>
    public IReadOnlyList<string> Subscriptions => subscriptions;

    /// <summary>What is missing for both to be ready, in words; null: nothing.</summary>
    public string? Trouble =>
        _delivery is not { IsReady: true } ? $"the broker session '{options.Instance}' is not subscribed"
        : _notices is not { IsReady: true } ? $"the broker session '{options.Instance}-notices' is not connected"
        : null;

    /// <summary>Makes the clients, not connected yet.</summary>
    /// <param name="key">Ends their identifiers, so that nobody else can take their sessions (<see cref="Storage.IngestSession"/>).</param>
    public void Open(string key)
    {
        var common = new MqttClientOptions
        {
            Broker = configuration.BrokerAddress(),
            ClientId = $"{options.Instance}-{key}",
            KeepAlive = options.KeepAlive,
            SessionExpiry = options.SessionExpiry,
            ReconnectDelay = options.LongestReconnect / 4,
            MaxReconnectDelay = options.LongestReconnect,
        };
        _delivery = factory.Create(common with { Subscriptions = [.. subscriptions.Select(filter => new MqttSubscription(filter))] }, delivery);

        // What was not acknowledged is published again by the announcer, which knows whether it still matters; a session
        // outlives only short breaks.
        _notices = factory.Create(common with { ClientId = $"{common.ClientId}-notices", SessionExpiry = TimeSpan.FromMinutes(5) }, notices);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_delivery is not null) await _delivery.DisposeAsync();
        if (_notices is not null) await _notices.DisposeAsync();
    }

    /// <summary>Nothing arrives on the notices' session.</summary>
    private sealed class NoticeHandler : IMqttHandler;
}
