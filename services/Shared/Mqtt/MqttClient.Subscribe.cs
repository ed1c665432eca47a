using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;

namespace Tally.Mqtt;

// SUBSCRIBE, UNSUBSCRIBE and their answers (3.8 to 3.11).
public sealed partial class MqttClient
{
    // AWS IoT Core closes the connection on more (its quota "subscriptions per subscribe request").
    private const int MostFilters = 8;

    // Under the lock. What is current, in the order of subscribing; and what waits for its turn, the first being asked for.
    private readonly List<MqttSubscription> _subscriptions;
    private readonly LinkedList<SubscribeRequest> _requests = new();
    private bool _lossLogged;

    // When the packet was sent whose answer is awaited, in milliseconds of the steady clock; 0: none is.
    private long _askedAt;

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken)
    {
        foreach (var subscription in subscriptions) MqttClientOptionsCheck.Check(subscription);
        return AskAsync(new SubscribeRequest([.. subscriptions]), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken)
    {
        foreach (var filter in filters) MqttClientOptionsCheck.Check(new MqttSubscription(filter));
        return AskAsync(new SubscribeRequest(filters), cancellationToken);
    }

    private async Task<IReadOnlyList<MqttReasonCode>> AskAsync(SubscribeRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Connection? connection;
        lock (_gate)
        {
            if (_over is not null) throw _over;
            if (request.Subscriptions.Count == 0) return [];
            _requests.AddLast(request);
            connection = _open;
            AskNext();
        }

        connection?.Send();
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, cancelled) =>
            {
                var (client, request) = ((MqttClient, SubscribeRequest))state!;
                client.Cancel(request, cancelled);
            },
            (this, request));
        return await request.Task;
    }

    private void Cancel(SubscribeRequest request, CancellationToken cancelled)
    {
        // One that has begun goes on, so that what is remembered is what the broker has.
        lock (_gate)
        {
            if (request.Asked == 0 && request.Answered == 0) _requests.Remove(request);
        }

        request.TrySetCanceled(cancelled);
    }

    /// <summary>A connection begins: what is current goes first where the broker does not have it.</summary>
    private void BeginSubscribing(bool all, bool sessionPresent)
    {
        _askedAt = 0;
        if (_requests.First is { Value.Initial: true }) _requests.RemoveFirst();
        foreach (var request in _requests) request.StartAgain();
        if (all && _subscriptions.Count > 0)
        {
            // Retained messages came with the session's first subscription already.
            _requests.AddFirst(new SubscribeRequest(
                [.. _subscriptions.Select(one => sessionPresent && one.RetainHandling == MqttRetainHandling.Send
                    ? one with { RetainHandling = MqttRetainHandling.SendIfNew }
                    : one)],
                initial: true));
        }

        AskNext();
    }

    /// <summary>Sends the next packet, if none is on its way.</summary>
    private void AskNext()
    {
        if (_open is null || _askedAt != 0) return;
        while (_requests.First?.Value is { } request)
        {
            while (!request.IsAnswered && Refused(request, request.Subscriptions[request.Answered]) is { } reason) request.Answer(reason);
            if (!request.IsAnswered)
            {
                Ask(request);
                if (request.Asked > 0) return;
                continue;
            }

            if (request.Initial) return;
            _requests.RemoveFirst();
            request.Complete();
        }
    }

    private void Ask(SubscribeRequest request)
    {
        for (var count = CountForOnePacket(request); count > 0; count /= 2)
        {
            var packet = _encoder.Encode(PacketOf(request, count));
            if (packet.Length > _brokerMaximumPacketSize) continue;
            _outgoing.Append(packet);
            request.Asked = count;
            _askedAt = Environment.TickCount64;
            return;
        }

        request.Answer(MqttReasonCode.PacketTooLarge);
    }

    private MqttPacketWithIdentifier PacketOf(SubscribeRequest request, int count)
    {
        var subscriptions = request.Subscriptions.Skip(request.Answered).Take(count).ToList();
        if (request.Unsubscribes) return new MqttUnsubscribePacket { PacketIdentifier = SubscribePacketId, TopicFilters = [.. subscriptions.Select(one => one.Filter)] };
        if (_version == MqttProtocolVersion.V311) LogWhatIsLost(subscriptions);
        return new MqttSubscribePacket
        {
            PacketIdentifier = SubscribePacketId,
            SubscriptionIdentifier = subscriptions[0].Identifier ?? 0,
            TopicFilters =
            [
                .. subscriptions.Select(one => new MqttTopicFilter
                {
                    Topic = one.Filter,
                    QualityOfServiceLevel = (MqttQualityOfServiceLevel)one.Qos,
                    NoLocal = one.NoLocal,
                    RetainAsPublished = one.RetainAsPublished,
                    RetainHandling = (MQTTnet.Protocol.MqttRetainHandling)one.RetainHandling,
                }),
            ],
        };
    }

    // An identifier holds for a whole packet (3.8.2.1.2), and what the broker is known to refuse is not asked for.
    private int CountForOnePacket(SubscribeRequest request)
    {
        var first = request.Subscriptions[request.Answered];
        var count = 1;
        while (count < MostFilters && request.Answered + count < request.Subscriptions.Count)
        {
            var next = request.Subscriptions[request.Answered + count];
            if ((!request.Unsubscribes && next.Identifier != first.Identifier) || Refused(request, next) is not null) break;
            count++;
        }

        return count;
    }

    /// <summary>What CONNACK said that the broker does not do (3.2.2.3.11 to 13): asking for it would be a protocol error.</summary>
    private MqttReasonCode? Refused(SubscribeRequest request, MqttSubscription subscription)
    {
        if (request.Unsubscribes || _version == MqttProtocolVersion.V311) return null;
        if (!_brokerAllows.SharedSubscriptionAvailable && subscription.Filter.StartsWith(MqttClientOptionsCheck.SharePrefix, StringComparison.Ordinal))
            return MqttReasonCode.SharedSubscriptionsNotSupported;
        if (!_brokerAllows.WildcardSubscriptionAvailable && subscription.Filter.AsSpan().ContainsAny('+', '#'))
            return MqttReasonCode.WildcardSubscriptionsNotSupported;
        return !_brokerAllows.SubscriptionIdentifiersAvailable && subscription.Identifier is not null ? MqttReasonCode.SubscriptionIdentifiersNotSupported : null;
    }

    private void OnSubAck(Connection connection, ushort packetId, bool unsubscribes, List<MqttReasonCode> reasons, string? reasonString)
    {
        var type = unsubscribes ? "UNSUBACK" : "SUBACK";
        SubscribeRequest request;
        lock (_gate)
        {
            if (_askedAt == 0 || packetId != SubscribePacketId || _requests.First!.Value.Unsubscribes != unsubscribes)
                throw Violation.Protocol($"{type} for packet identifier {packetId}, under which nothing was asked");
            request = _requests.First.Value;
            var hasReasons = !unsubscribes || _version == MqttProtocolVersion.V500; // UNSUBACK of MQTT 3.1.1 has none
            if (hasReasons && reasons.Count != request.Asked) throw Violation.Protocol($"{type} with {reasons.Count} reason codes for {request.Asked} topic filters");
            for (var index = 0; index < request.Asked; index++)
            {
                var reason = hasReasons ? reasons[index] : MqttReasonCode.Success;
                Remember(request, request.Subscriptions[request.Answered], reason);
                request.Answer(reason);
            }

            request.Asked = 0;
            _askedAt = 0;
            AskNext();
        }

        if (request is { Initial: true, IsAnswered: true }) AfterInitial(connection, request, reasonString);
    }

    private void Remember(SubscribeRequest request, MqttSubscription subscription, MqttReasonCode reason)
    {
        if (request.Initial || reason >= MqttReasonCode.UnspecifiedError) return;
        var at = _subscriptions.FindIndex(one => one.Filter == subscription.Filter);
        if (request.Unsubscribes)
        {
            if (at >= 0) _subscriptions.RemoveAt(at);
        }
        else if (at >= 0)
        {
            _subscriptions[at] = subscription;
        }
        else
        {
            _subscriptions.Add(subscription);
        }
    }

    /// <summary>All that the connection has to begin with is answered: it is ready, or ended.</summary>
    private void AfterInitial(Connection connection, SubscribeRequest request, string? reasonString)
    {
        request.Complete();
        var reasons = request.Task.Result;
        for (var index = 0; index < reasons.Count; index++)
        {
            var (reason, subscription) = (reasons[index], request.Subscriptions[index]);
            if (reason >= MqttReasonCode.UnspecifiedError)
            {
                var does = $"refuses the subscription to '{subscription.Filter}'";
                connection.End(new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, does, reason, reasonString, null))
                {
                    Final = IsFinalForSubscription(reason),
                    Farewell = MqttReasonCode.Success,
                    ReasonString = reasonString,
                });
                return;
            }

            if ((byte)reason < (byte)subscription.Qos)
            {
                _logger.LogWarning(
                    "MQTT: broker {Broker} grants QoS {Granted} instead of {Asked} for '{Filter}'.",
                    _broker, (byte)reason, (byte)subscription.Qos, subscription.Filter);
            }
        }

        _subscribedOnce = true;
        lock (_gate)
        {
            _requests.RemoveFirst();
            AskNext();
        }

        Ready();
    }

    private void LogWhatIsLost(List<MqttSubscription> subscriptions)
    {
        if (_lossLogged || !subscriptions.Exists(one => one.NoLocal || one.RetainAsPublished || one.Identifier is not null)) return;
        _lossLogged = true;
        _logger.LogWarning(
            "MQTT: broker {Broker} speaks MQTT 3.1.1, which has no No Local, Retain As Published and subscription identifiers: subscribed without. Said once.", _broker);
    }

    private static bool IsFinalForSubscription(MqttReasonCode reason) => reason is
        MqttReasonCode.NotAuthorized or MqttReasonCode.TopicFilterInvalid or MqttReasonCode.SharedSubscriptionsNotSupported or
        MqttReasonCode.SubscriptionIdentifiersNotSupported or MqttReasonCode.WildcardSubscriptionsNotSupported or MqttReasonCode.PacketTooLarge;
}
