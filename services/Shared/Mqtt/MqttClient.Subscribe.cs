namespace Tally.Mqtt;

// SUBSCRIBE, UNSUBSCRIBE and their answers (3.8 to 3.11).
public sealed partial class MqttClient
{
    private const int MostFilters = 8; // AWS IoT Core closes the connection on more (its quota "subscriptions per subscribe request")
    private readonly SemaphoreSlim _asking = new(1); // one request at a time, in the order of the calls

    // Under the lock. What is current, in the order of subscribing; the packet that waits for its answer; and the connection once it is ready.
    private readonly List<MqttSubscription> _subscriptions;
    private Question? _question;
    private TaskCompletionSource<Connection> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _lossLogged;

    /// <inheritdoc/>
    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken) =>
        AskInTurnAsync([.. subscriptions], unsubscribes: false, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken) =>
        AskInTurnAsync([.. filters.Select(filter => new MqttSubscription(filter))], unsubscribes: true, cancellationToken);

    private Task<IReadOnlyList<MqttReasonCode>> AskInTurnAsync(List<MqttSubscription> subscriptions, bool unsubscribes, CancellationToken cancellationToken)
    {
        foreach (var subscription in subscriptions) MqttClientOptionsCheck.Check(subscription);
        return WaitAndAskAsync().WaitAsync(cancellationToken); // what has begun goes on, so that what is remembered is what the broker has

        async Task<IReadOnlyList<MqttReasonCode>> WaitAndAskAsync()
        {
            if (subscriptions.Count == 0) return [];
            await _asking.WaitAsync(cancellationToken);
            try
            {
                while (true)
                {
                    Task<Connection> ready;
                    lock (_gate) ready = _over is null ? _ready.Task : throw _over;
                    if (await AskAsync(await ready.WaitAsync(cancellationToken), subscriptions, unsubscribes, remember: true) is { } answer) return answer.Reasons;
                }
            }
            finally
            {
                _asking.Release();
            }
        }
    }

    /// <summary>What a connection begins with: the client is ready when it is granted, and not without.</summary>
    private async Task SubscribeFirstAsync(Connection connection, bool sessionPresent)
    {
        // Retained messages came with the session's first subscription already.
        var subscriptions = _subscriptions.ConvertAll(one => sessionPresent && one.RetainHandling == MqttRetainHandling.SendAtSubscribe
            ? one with { RetainHandling = MqttRetainHandling.SendAtSubscribeIfNewSubscriptionOnly } : one);
        if (sessionPresent && _subscribedOnce) subscriptions.Clear();
        if (await AskAsync(connection, subscriptions, unsubscribes: false, remember: false) is not { } answer) return;
        foreach (var (subscription, reason) in subscriptions.Zip(answer.Reasons))
        {
            if (reason >= MqttReasonCode.UnspecifiedError)
            {
                var refusal = Refusal($"refuses the subscription to '{subscription.Filter}'", reason, answer.Said);
                connection.End(refusal with { Final = Refusals.IsFinalForSubscription(reason), Farewell = MqttReasonCode.Success });
                return;
            }

            if ((byte)reason < (byte)subscription.Qos)
                _logger.LogWarning("MQTT: broker {Broker} grants QoS {Granted} instead of {Asked} for '{Filter}'.", _broker, (byte)reason, (byte)subscription.Qos, subscription.Filter);
        }

        _subscribedOnce = true;
        _failures = 0;
        lock (_gate)
        {
            if (_open == connection) _ready.TrySetResult(connection);
        }
    }

    /// <summary>Asks for all, in as many packets as it takes, one after the other.</summary>
    /// <returns>Null: the connection ended before all were answered. Asking again from the beginning does no harm.</returns>
    private async Task<(List<MqttReasonCode> Reasons, string? Said)?> AskAsync(Connection connection, List<MqttSubscription> subscriptions, bool unsubscribes, bool remember)
    {
        var (reasons, said) = (new List<MqttReasonCode>(), (string?)null);
        while (reasons.Count < subscriptions.Count)
        {
            Question? question = null;
            lock (_gate)
            {
                if (_open != connection) return null;
                var refused = Refused(subscriptions[reasons.Count], unsubscribes);
                if (refused is null) question = Ask(subscriptions[reasons.Count..], unsubscribes, remember);
                if (question is null) reasons.Add(refused ?? MqttReasonCode.PacketTooLarge);
            }

            if (question is null) continue;
            connection.Send();
            if (await question.Answer.Task is not { } answer) return null;
            reasons.AddRange(answer.Reasons);
            said = answer.Said;
        }

        return (reasons, said);
    }

    /// <summary>Sends one packet with as many filters as belong into it: an identifier holds for a whole packet (3.8.2.1.2), and what the broker is known to refuse is not asked for.</summary>
    /// <returns>Null: the broker takes no packet as large as the first needs.</returns>
    private Question? Ask(List<MqttSubscription> open, bool unsubscribes, bool remember)
    {
        var filters = open.TakeWhile(one => unsubscribes || (one.Identifier == open[0].Identifier && Refused(one, false) is null)).Take(MostFilters).ToList();
        while (filters.Count > 0)
        {
            var packet = _encoder.Encode(PacketOf(filters, unsubscribes));
            if (packet.Length <= _brokerMaximumPacketSize)
            {
                if (_version == MqttProtocolVersion.V311 && !unsubscribes) LogWhatIsLost(filters);
                _outgoing.Append(packet);
                return _question = new Question(filters, unsubscribes, remember);
            }

            filters = filters[..(filters.Count / 2)];
        }

        return null;
    }

    private static MqttPacketWithIdentifier PacketOf(List<MqttSubscription> subscriptions, bool unsubscribes) => unsubscribes
        ? new MqttUnsubscribePacket { PacketIdentifier = SubscribePacketId, TopicFilters = subscriptions.ConvertAll(one => one.Filter) }
        : new MqttSubscribePacket
        {
            PacketIdentifier = SubscribePacketId,
            SubscriptionIdentifier = subscriptions[0].Identifier ?? 0,
            TopicFilters = subscriptions.ConvertAll(one => new MqttTopicFilter
            {
                Topic = one.Filter,
                QualityOfServiceLevel = (MqttQualityOfServiceLevel)one.Qos,
                NoLocal = one.NoLocal,
                RetainAsPublished = one.RetainAsPublished,
                RetainHandling = one.RetainHandling,
            }),
        };

    /// <summary>What CONNACK said that the broker does not do (3.2.2.3.11 to 13): asking for it would be a protocol error.</summary>
    private MqttReasonCode? Refused(MqttSubscription subscription, bool unsubscribes) => subscription switch
    {
        _ when unsubscribes || _version == MqttProtocolVersion.V311 => null,
        { Filter: var filter } when !_brokerAllows.SharedSubscriptionAvailable && filter.StartsWith(MqttClientOptionsCheck.SharePrefix, StringComparison.Ordinal) =>
            MqttReasonCode.SharedSubscriptionsNotSupported,
        { Filter: var filter } when !_brokerAllows.WildcardSubscriptionAvailable && filter.AsSpan().ContainsAny('+', '#') => MqttReasonCode.WildcardSubscriptionsNotSupported,
        { Identifier: not null } when !_brokerAllows.SubscriptionIdentifiersAvailable => MqttReasonCode.SubscriptionIdentifiersNotSupported,
        _ => null,
    };

    private void OnSubAck(ushort packetId, bool unsubscribes, List<MqttReasonCode> reasons, string? said)
    {
        var type = unsubscribes ? "UNSUBACK" : "SUBACK";
        lock (_gate)
        {
            if (_question is not { } question || packetId != SubscribePacketId || question.Unsubscribes != unsubscribes)
                throw MqttException.Protocol($"{type} for packet identifier {packetId}, under which nothing was asked");
            if (unsubscribes && _version == MqttProtocolVersion.V311) reasons = question.Filters.ConvertAll(_ => MqttReasonCode.Success); // it has none there
            if (reasons.Count != question.Filters.Count) throw MqttException.Protocol($"{type} with {reasons.Count} reason codes for {question.Filters.Count} topic filters");
            foreach (var (filter, _) in question.Filters.Zip(reasons).Where(answered => question.Remember && answered.Second < MqttReasonCode.UnspecifiedError)) Remember(filter, unsubscribes);
            Settle((reasons, said));
        }
    }

    private void Settle((List<MqttReasonCode> Reasons, string? Said)? answer)
    {
        _question?.Answer.TrySetResult(answer);
        _question = null;
    }

    private void Remember(MqttSubscription subscription, bool unsubscribes)
    {
        var at = _subscriptions.FindIndex(one => one.Filter == subscription.Filter);
        if (unsubscribes && at >= 0) _subscriptions.RemoveAt(at);
        else if (at >= 0) _subscriptions[at] = subscription;
        else if (!unsubscribes) _subscriptions.Add(subscription);
    }

    private void LogWhatIsLost(List<MqttSubscription> subscriptions)
    {
        if (_lossLogged || !subscriptions.Exists(one => one.NoLocal || one.RetainAsPublished || one.Identifier is not null)) return;
        _lossLogged = true;
        _logger.LogWarning(
            "MQTT: broker {Broker} speaks MQTT 3.1.1, which has no No Local, Retain As Published and subscription identifiers: subscribed without. Said once.", _broker);
    }

    /// <summary>A packet on its way; its result is null when the connection ended.</summary>
    private sealed record Question(List<MqttSubscription> Filters, bool Unsubscribes, bool Remember)
    {
        public long AskedAt { get; } = Environment.TickCount64;
        public TaskCompletionSource<(List<MqttReasonCode> Reasons, string? Said)?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
