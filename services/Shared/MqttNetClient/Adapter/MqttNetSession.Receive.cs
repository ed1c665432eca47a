using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.MqttNetClient;

// The receive loop, and acknowledgements of what it hands over (3.3 to 3.7).
internal sealed partial class MqttNetSession
{
    // The owner is asked whether to go on when nothing more is there at once, and after so many messages at the latest:
    // what is handed over beyond a hold-back is bounded by it.
    private const int MostInARow = 64;

    private readonly MessageView _view = new();
    private bool _excessLogged;

    private async Task ReceiveLoopAsync(NetConnection connection)
    {
        await Task.Yield();
        LeaveHandler();
        try
        {
            for (var handed = 0; !connection.Ending.IsCancellationRequested;)
            {
                var receiving = connection.ReceiveAsync();
                if (handed > 0 && (!receiving.IsCompleted || handed >= MostInARow))
                {
                    await LetCatchUpAsync(connection);
                    handed = 0;
                }

                var packet = await receiving;
                connection.CountReceived();
                if (connection.Ending.IsCancellationRequested) break;
                if (Handle(connection, packet)) handed++;
                await connection.UntilDrainedAsync(QueuedLimit);
            }
        }
        catch (Exception error)
        {
            // Whatever it is, it ends the connection; from a handler, the client with it.
            connection.End(_inHandler ? Fault(error) : Explain(error));
            LeaveHandler();
        }

        await ReadToTheEndAsync(connection);
    }

    /// <summary>
    /// Reads on without looking until the broker closes or the time for it is over: a socket closed with unread bytes resets
    /// the connection, and the reset may overtake DISCONNECT. The broker delivers again what is thrown away here.
    /// </summary>
    private static async Task ReadToTheEndAsync(NetConnection connection)
    {
        try
        {
            while (true) await connection.ReceiveAsync();
        }
        catch (Exception error) when (IsBroken(error))
        {
            // The end that was waited for.
        }
    }

    /// <summary>Waits until the owner has caught up with what it was handed; the broker's silence counts from then.</summary>
    private async Task LetCatchUpAsync(NetConnection connection)
    {
        EnterHandler();
        var catchingUp = _handler.OnReadCompletedAsync(connection.Ending);
        s_inHandlerOf = null; // what follows may go on another thread
        connection.Paused = !catchingUp.IsCompleted;
        try
        {
            await catchingUp;
        }
        catch (OperationCanceledException) when (connection.Ending.IsCancellationRequested)
        {
            // The connection ends while it holds back.
        }

        if (connection.Paused) connection.LastReceived = Environment.TickCount64;
        connection.Paused = false;
        LeaveHandler();
    }

    /// <returns>The owner was told something.</returns>
    private bool Handle(NetConnection connection, MqttPacket packet)
    {
        switch (packet)
        {
            case MqttPublishPacket publish:
                return OnPublish(connection, publish);
            case MqttPubAckPacket pubAck:
                return Tell(connection, () => OnAcknowledged(pubAck, MqttQos.AtLeastOnce, (MqttReasonCode)pubAck.ReasonCode));
            case MqttPubRecPacket pubRec:
                return Tell(connection, () => OnPubRec(connection, pubRec));
            case MqttPubCompPacket pubComp:
                return Tell(connection, () => OnAcknowledged(pubComp, MqttQos.ExactlyOnce, (MqttReasonCode)pubComp.ReasonCode));
            case MqttPubRelPacket pubRel:
                OnPubRel(connection, pubRel);
                return false;
            case MqttSubAckPacket subAck:
                OnRequestAnswered(connection, subAck.PacketIdentifier, isUnsubscribe: false, [.. subAck.ReasonCodes.Select(code => (MqttReasonCode)code)], subAck.ReasonString);
                return false;
            case MqttUnsubAckPacket unsubAck:
                OnRequestAnswered(
                    connection, unsubAck.PacketIdentifier, isUnsubscribe: true, [.. (unsubAck.ReasonCodes ?? []).Select(code => (MqttReasonCode)code)], unsubAck.ReasonString);
                return false;
            case MqttPingRespPacket:
                return false;
            case MqttDisconnectPacket disconnect when connection.Version == MqttProtocolVersion.V500:
                connection.End(DisconnectedByBroker(disconnect));
                return false;
            default:
                throw Violation.Protocol($"{packet} that nothing of ours asked for");
        }
    }

    private bool OnPublish(NetConnection connection, MqttPublishPacket packet)
    {
        var topic = TopicOf(connection, packet);
        var qos = (MqttQos)packet.QualityOfServiceLevel;
        if (packet.Payload.Length > _options.MaximumPacketSize)
            throw new MqttException(MqttReasonCode.PacketTooLarge, $"A PUBLISH of more than {_options.MaximumPacketSize} bytes.");
        if (!Arrives(connection, packet.PacketIdentifier, qos, out var turn)) return false;
        EnterHandler();
        _view.HandOver(_handler, packet, topic, new MqttDelivery(connection.Epoch, packet.PacketIdentifier) { Turn = turn });
        LeaveHandler();
        return true;
    }

    /// <returns>False when it was handed over before.</returns>
    private bool Arrives(NetConnection connection, ushort packetId, MqttQos qos, out ushort turn)
    {
        turn = 0;
        if (qos == MqttQos.AtMostOnce) return true;
        if (packetId == 0) throw Violation.Protocol("PUBLISH with packet identifier 0");
        lock (_gate)
        {
            var arrival = IncomingDeliveries.Arrival.New;
            if (qos == MqttQos.AtLeastOnce) turn = _deliveries.ArriveAtLeastOnce(packetId);
            else arrival = _deliveries.ArriveExactlyOnce(packetId, out turn);
            if (arrival == IncomingDeliveries.Arrival.Acknowledged) connection.Send(new MqttPubRecPacket { PacketIdentifier = packetId });
            if (_deliveries.Outstanding > _options.ReceiveMaximum && connection.Version == MqttProtocolVersion.V500) OnExcess();
            return arrival == IncomingDeliveries.Arrival.New;
        }
    }

    private string TopicOf(NetConnection connection, MqttPublishPacket packet)
    {
        var topic = packet.Topic;
        if (packet.TopicAlias != 0)
        {
            if (packet.TopicAlias > _options.TopicAliasMaximum)
                throw new MqttException(MqttReasonCode.TopicAliasInvalid, $"Topic alias {packet.TopicAlias}, where at most {_options.TopicAliasMaximum} was allowed.");
            if (topic.Length > 0) connection.Aliases[packet.TopicAlias] = topic;
            else if (!connection.Aliases.TryGetValue(packet.TopicAlias, out topic!)) throw Violation.Protocol($"topic alias {packet.TopicAlias} without a topic");
        }

        if (topic.Length == 0 || topic.AsSpan().ContainsAny('+', '#', '\0')) throw Violation.Protocol("PUBLISH without a topic name, or with one that holds a wildcard or U+0000");
        return topic;
    }

    private void OnPubRel(NetConnection connection, MqttPubRelPacket packet)
    {
        lock (_gate)
        {
            var isKnown = _deliveries.Release(packet.PacketIdentifier);
            connection.Send(new MqttPubCompPacket
            {
                PacketIdentifier = packet.PacketIdentifier,
                ReasonCode = isKnown ? MqttPubCompReasonCode.Success : MqttPubCompReasonCode.PacketIdentifierNotFound,
            });
        }
    }

    /// <inheritdoc/>
    public void Acknowledge(MqttDelivery delivery) => Acknowledge(new ReadOnlySpan<MqttDelivery>(in delivery));

    /// <inheritdoc/>
    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        lock (_gate)
        {
            foreach (var delivery in deliveries)
            {
                switch (_deliveries.Acknowledge(delivery, _open?.Epoch ?? 0))
                {
                    case PacketType.PubAck:
                        _open?.Send(new MqttPubAckPacket { PacketIdentifier = delivery.PacketId });
                        break;
                    case PacketType.PubRec:
                        _open?.Send(new MqttPubRecPacket { PacketIdentifier = delivery.PacketId });
                        break;
                }
            }
        }
    }

    private bool Tell(NetConnection connection, Action report)
    {
        report();
        AfterRoomWasMade(connection);
        return true;
    }

    private void OnExcess()
    {
        if (_options.StrictReceiveMaximum)
            throw new MqttException(MqttReasonCode.ReceiveMaximumExceeded, $"More than {_options.ReceiveMaximum} unacknowledged messages.");
        if (_excessLogged) return;
        _excessLogged = true;
        _logger.LogWarning(
            "MQTT: broker {Broker} sends client id '{ClientId}' more unacknowledged messages than its Receive Maximum of {ReceiveMaximum} allows. Said once; they are taken all the same.",
            _broker, _clientId, _options.ReceiveMaximum);
    }

    private ConnectionEnd DisconnectedByBroker(MqttDisconnectPacket packet)
    {
        var reason = (MqttReasonCode)packet.ReasonCode;
        return new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, "disconnects the client", reason, packet.ReasonString, packet.ServerReference))
        {
            Final = ReasonCodes.IsFinal(reason),
            ReasonString = packet.ReasonString,
        };
    }
}
