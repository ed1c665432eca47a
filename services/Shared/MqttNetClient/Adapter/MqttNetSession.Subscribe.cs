using Microsoft.Extensions.Logging;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.MqttNetClient;

// SUBSCRIBE, UNSUBSCRIBE and their answers (3.8 to 3.11). One packet at a time: they are few, and one packet identifier serves.
internal sealed partial class MqttNetSession
{
    // Above every packet identifier of a message, so that the two cannot meet.
    private const ushort RequestPacketId = ushort.MaxValue;

    // What to subscribe to where no session is present. Under the lock, like the requests.
    private readonly List<MqttSubscription> _subscriptions;
    private readonly LinkedList<SubscriptionRequest> _requests = new();
    private bool _subscribedOnce;
    private int _asked; // filters in the packet that waits for its answer; 0: none does
    private long _askedAt;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscriptions);
        foreach (var subscription in subscriptions) MqttClientOptionsCheck.Check(subscription);
        return await AskAsync(SubscriptionRequest.Subscribe([.. subscriptions], ofConnection: false), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filters);
        foreach (var filter in filters) MqttClientOptionsCheck.Check(new MqttSubscription(filter));
        return await AskAsync(SubscriptionRequest.Unsubscribe([.. filters]), cancellationToken);
    }

    private async Task<IReadOnlyList<MqttReasonCode>> AskAsync(SubscriptionRequest request, CancellationToken cancellationToken)
    {
        if (request.Filters.Count == 0) return [];
        lock (_gate)
        {
            if (_over is not null) throw _over is MqttException ? _over : new MqttSessionLostException(_over.Message);
            _requests.AddLast(request);
            if (_open is not null) AskNext(_open);
        }

        // One that is given up stays in line: what it asked for may be on its way.
        return await request.Task.WaitAsync(cancellationToken);
    }

    /// <summary>A connection stands: what it needs first, then what waits. Under the lock.</summary>
    private void BeginRequests(NetConnection connection, bool sessionPresent)
    {
        _asked = 0;
        foreach (var request in _requests) request.StartAgain();
        if (_requests.First is { Value.IsOfConnection: true }) _requests.RemoveFirst();
        if (_subscriptions.Count == 0 || (sessionPresent && _subscribedOnce))
        {
            Ready();
        }
        else
        {
            // Retained messages came with the session's first subscription already.
            _requests.AddFirst(SubscriptionRequest.Subscribe(
                [.. _subscriptions.Select(subscription => sessionPresent && subscription.RetainHandling == Tally.Mqtt.MqttRetainHandling.Send
                    ? subscription with { RetainHandling = Tally.Mqtt.MqttRetainHandling.SendIfNew }
                    : subscription)],
                ofConnection: true));
        }

        AskNext(connection);
    }

    private void AskNext(NetConnection connection)
    {
        if (_asked != 0 || _requests.First is not { Value: var request }) return;
        var (packet, count) = request.NextPacket(RequestPacketId);
        (_asked, _askedAt) = (count, Environment.TickCount64);
        connection.Send(packet);
    }

    private void OnRequestAnswered(NetConnection connection, ushort packetId, bool isUnsubscribe, IReadOnlyList<MqttReasonCode> reasons, string? reasonString)
    {
        SubscriptionRequest request;
        lock (_gate)
        {
            if (_asked == 0 || packetId != RequestPacketId || _requests.First!.Value.IsUnsubscribe != isUnsubscribe)
                throw Violation.Protocol($"{(isUnsubscribe ? "UNSUBACK" : "SUBACK")} for packet identifier {packetId}, under which nothing was asked");
            request = _requests.First.Value;
            if (isUnsubscribe && connection.Version == MqttProtocolVersion.V311) reasons = [.. Enumerable.Repeat(MqttReasonCode.Success, _asked)]; // it has none (3.11)
            if (reasons.Count != _asked) throw Violation.Protocol($"{reasons.Count} reason codes for {_asked} topic filters");
            _asked = 0;
            request.Take(reasons);
            if (request.IsComplete) _requests.RemoveFirst();
            Remember(request);
        }

        if (request.IsOfConnection && !Accept(connection, request, reasonString)) return;
        if (request.IsComplete && request.IsOfConnection)
        {
            _subscribedOnce = true;
            Ready();
        }

        if (request.IsComplete) request.TrySetResult(request.Reasons);
        lock (_gate)
        {
            if (_open == connection) AskNext(connection);
        }
    }

    private void Remember(SubscriptionRequest request)
    {
        if (!request.IsComplete || request.IsOfConnection) return;
        for (var index = 0; index < request.Filters.Count; index++)
        {
            if (request.Reasons[index] >= MqttReasonCode.UnspecifiedError) continue;
            var filter = request.Filters[index].Filter;
            _subscriptions.RemoveAll(subscription => subscription.Filter == filter);
            if (!request.IsUnsubscribe) _subscriptions.Add(request.Filters[index]);
        }
    }

    /// <summary>What a connection needs has to be granted.</summary>
    private bool Accept(NetConnection connection, SubscriptionRequest request, string? reasonString)
    {
        for (var index = 0; index < request.Reasons.Count; index++)
        {
            var reason = request.Reasons[index];
            var subscription = request.Filters[index];
            if (reason >= MqttReasonCode.UnspecifiedError)
            {
                var does = $"refuses the subscription to '{subscription.Filter}'";
                connection.End(new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, does, reason, reasonString, null))
                {
                    Final = IsFinalForSubscription(reason),
                    Farewell = MqttReasonCode.Success,
                    ReasonString = reasonString,
                });
                return false;
            }

            if ((byte)reason < (byte)subscription.Qos)
            {
                _logger.LogWarning(
                    "MQTT: broker {Broker} grants QoS {Granted} instead of {Asked} for '{Filter}'.",
                    _broker, (byte)reason, (byte)subscription.Qos, subscription.Filter);
            }
        }

        return true;
    }

    private void EndRequests(Exception over)
    {
        foreach (var request in _requests) request.TrySetException(over is MqttException ? over : SessionLost());
        _requests.Clear();
    }

    private static bool IsFinalForSubscription(MqttReasonCode reason) => reason is
        MqttReasonCode.NotAuthorized or MqttReasonCode.TopicFilterInvalid or MqttReasonCode.SharedSubscriptionsNotSupported or
        MqttReasonCode.SubscriptionIdentifiersNotSupported or MqttReasonCode.WildcardSubscriptionsNotSupported;
}
