using Microsoft.Extensions.Logging;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// SUBACK (3.9).
public sealed partial class MqttClient
{
    private bool _subscribing;

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Subscribing later is not there yet.");

    /// <inheritdoc/>
    public Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Unsubscribing is not there yet.");

    /// <inheritdoc/>
    public Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Disconnecting with a reason is not there yet.");

    private void OnSubAck(Connection connection, ReadOnlySpan<byte> body)
    {
        var subAck = SubAckPacket.Decode(PacketType.SubAck, body, ref _propertyScratch);
        lock (_gate)
        {
            if (!_subscribing || subAck.PacketId != SubscribePacketId)
                throw Violation.Protocol($"SUBACK for packet identifier {subAck.PacketId}, under which nothing was asked");
            if (subAck.Reasons.Length != _options.Subscriptions.Count)
                throw Violation.Protocol($"SUBACK with {subAck.Reasons.Length} reason codes for {_options.Subscriptions.Count} topic filters");
            _subscribing = false;
        }

        for (var index = 0; index < subAck.Reasons.Length; index++)
        {
            var reason = (MqttReasonCode)subAck.Reasons[index];
            var subscription = _options.Subscriptions[index];
            if (reason >= MqttReasonCode.UnspecifiedError)
            {
                var does = $"refuses the subscription to '{subscription.Filter}'";
                connection.End(new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, does, reason, subAck.ReasonString, null))
                {
                    Final = IsFinalForSubscription(reason),
                    Farewell = MqttReasonCode.Success,
                });
                return;
            }

            if ((byte)reason < (byte)subscription.Qos && subscription.Qos <= HighestQos)
            {
                _logger.LogWarning(
                    "MQTT: broker {Broker} grants QoS {Granted} instead of {Asked} for '{Filter}'.",
                    _broker, (byte)reason, (byte)subscription.Qos, subscription.Filter);
            }
        }

        _subscribedOnce = true;
        Ready();
    }

    private static bool IsFinalForSubscription(MqttReasonCode reason) => reason is
        MqttReasonCode.NotAuthorized or MqttReasonCode.TopicFilterInvalid or MqttReasonCode.SharedSubscriptionsNotSupported or
        MqttReasonCode.SubscriptionIdentifiersNotSupported or MqttReasonCode.WildcardSubscriptionsNotSupported;
}
