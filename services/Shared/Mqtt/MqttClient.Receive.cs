using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;

namespace Tally.Mqtt;

// The receive loop: many packets out of each read, handed over where they lie.
public sealed partial class MqttClient
{
    private bool _inHandler;
    private bool _handed;
    private bool _excessLogged;

    // Topics by alias, from the broker to us (3.3.2.3.4), of the open connection: as many as were told to the broker.
    private byte[]?[] _topics = [];

    /// <summary>Messages that came beyond the Receive Maximum told to the broker, which some exceed. Counted, not punished.</summary>
    public long ReceiveMaximumExceeded { get; private set; }

    private void ReceiveLoop(Connection connection)
    {
        s_inHandlerOf = this; // on this thread it is all that runs
        var decoder = new PacketDecoder(_version);
        _inHandler = false;
        _handed = false;
        try
        {
            // What came together with CONNACK is there before the first read.
            do
            {
                var now = connection.LastReceived = Environment.TickCount64;
                var (bytes, packets) = (connection.Input.Rest.Length, 0);
                while (!connection.Ending.IsCancellationRequested && connection.Input.TryTake(out var first, out var body))
                {
                    Handle(connection, decoder.Decode(first, body), body);
                    packets++;
                }

                if (connection.Ending.IsCancellationRequested) break;
                if (packets > 0) AfterRoomWasMade(connection);
                if (_handed) now = LetCatchUp(connection, now);
                if (_receiveGathering.ShouldWait(bytes, packets, now)) _receiveGathering.Wait();
                while (_outgoing.Count > OutgoingBuffer.ReceiveLimit && !connection.Ending.IsCancellationRequested) connection.WaitUntilDrained();
            }
            while (connection.Input.Fill(connection.Stream) > 0);

            connection.End(ClosedByBroker());
        }
        catch (Exception error)
        {
            // Whatever it is, it ends the connection, and Explain decides whether the client with it.
            connection.End(Explain(connection, error));
        }

        ReadToTheEnd(connection);
    }

    /// <summary>
    /// Reads on without looking until the broker closes or the time for it is over. A socket closed with unread bytes
    /// resets the connection, and the reset may overtake DISCONNECT and what was written before it. The broker delivers
    /// again what is thrown away here.
    /// </summary>
    private static void ReadToTheEnd(Connection connection)
    {
        Span<byte> nowhere = stackalloc byte[4096];
        try
        {
            while (connection.Stream.Read(nowhere) > 0)
            {
                // Thrown away.
            }
        }
        catch (Exception error) when (IsBroken(error))
        {
            // It had broken before, or was aborted; why the connection ended has been told.
        }
    }

    /// <summary>Waits until the owner has caught up with what it was handed; the broker's silence counts from then.</summary>
    private long LetCatchUp(Connection connection, long now)
    {
        _handed = false;
        _inHandler = true;
        var catchingUp = _handler.OnReadCompletedAsync(connection.Ending);
        connection.Paused = !catchingUp.IsCompleted;
        if (!catchingUp.IsCompletedSuccessfully) catchingUp.AsTask().GetAwaiter().GetResult();
        if (connection.Paused) connection.LastReceived = now = Environment.TickCount64;
        connection.Paused = false;
        _inHandler = false;
        return now;
    }

    private ConnectionEnd Explain(Connection connection, Exception error)
    {
        if (connection.Ending.IsCancellationRequested && error is OperationCanceledException) return ConnectionEnd.ByStop;
        if (_inHandler) return Fault(error);
        return error switch
        {
            MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} broke the protocol. {wrong.Message}") { Farewell = wrong.Reason },
            _ when IsBroken(error) => Broken(error),
            _ => Fault(error),
        };
    }

    private void Handle(Connection connection, MqttPacket packet, ReadOnlySpan<byte> body)
    {
        switch (packet)
        {
            case MqttPublishPacket publish:
                OnPublish(connection, publish, body);
                break;
            case MqttPubAckPacket pubAck:
                OnPubAck(pubAck.PacketIdentifier, PacketDecoder.ReasonOf((int)pubAck.ReasonCode));
                break;
            case MqttPubRecPacket pubRec:
                OnPubRec(pubRec.PacketIdentifier, PacketDecoder.ReasonOf((int)pubRec.ReasonCode));
                break;
            case MqttPubRelPacket pubRel:
                OnPubRel(pubRel.PacketIdentifier);
                break;
            case MqttPubCompPacket pubComp:
                OnPubComp(pubComp.PacketIdentifier);
                break;
            case MqttSubAckPacket subAck:
                OnSubAck(subAck.PacketIdentifier, false, [.. subAck.ReasonCodes.Select(code => PacketDecoder.ReasonOf((int)code))], subAck.ReasonString);
                break;
            case MqttUnsubAckPacket unsubAck:
                OnSubAck(unsubAck.PacketIdentifier, true, [.. (unsubAck.ReasonCodes ?? []).Select(code => PacketDecoder.ReasonOf((int)code))], unsubAck.ReasonString);
                break;
            case MqttPingRespPacket:
                break;
            case MqttDisconnectPacket disconnect when _version == MqttProtocolVersion.V500:
                connection.End(DisconnectedByBroker(disconnect));
                break;
            default:
                throw Violation.Protocol($"{packet.GetType().Name} that nothing of ours asked for");
        }
    }

    private void OnPublish(Connection connection, MqttPublishPacket packet, ReadOnlySpan<byte> body)
    {
        var topic = Resolve(packet.TopicAlias, PacketDecoder.TopicOf(body));
        var qos = (MqttQos)packet.QualityOfServiceLevel;
        ushort turn = 0;
        if (qos != MqttQos.AtMostOnce)
        {
            var before = _deliveries.Outstanding;
            if (qos == MqttQos.AtLeastOnce) _deliveries.Arrive(packet.PacketIdentifier, qos, out turn);
            else if (!ArrivesForTheFirstTime(packet.PacketIdentifier, out turn)) return;
            if (before >= _options.ReceiveMaximum && _version == MqttProtocolVersion.V500) CountExcess();
        }

        _inHandler = true;
        var delivery = new MqttDelivery(connection.Epoch, packet.PacketIdentifier) { Turn = turn };
        _handler.OnMessage(new MqttMessage { Topic = topic, Payload = packet.Payload.FirstSpan, Packet = packet, Delivery = delivery });
        _inHandler = false;
        _handed = true;
    }

    /// <summary>The topic of a message that may have an alias: one that came with it is remembered, an empty one looked up.</summary>
    private ReadOnlySpan<byte> Resolve(ushort alias, ReadOnlySpan<byte> topic)
    {
        if (alias == 0) return topic;
        if (alias >= _topics.Length)
            throw new MqttException(MqttReasonCode.TopicAliasInvalid, $"PUBLISH with topic alias {alias}, where the Topic Alias Maximum told to the broker is {_options.TopicAliasMaximum}.");
        ref var known = ref _topics[alias];
        if (topic.IsEmpty) return known ?? throw Violation.Protocol($"PUBLISH with topic alias {alias}, which was given no topic on this connection");
        if (!topic.SequenceEqual(known)) known = topic.ToArray();
        return topic;
    }

    private void TellPublished(long token, MqttReasonCode reason)
    {
        _inHandler = true;
        _handler.OnPublished(token, reason);
        _inHandler = false;
        _handed = true;
    }

    private void CountExcess()
    {
        ReceiveMaximumExceeded++;
        if (_options.StrictReceiveMaximum)
            throw new MqttException(MqttReasonCode.ReceiveMaximumExceeded, $"It sent more unacknowledged messages than the Receive Maximum of {_options.ReceiveMaximum} allows.");
        if (_excessLogged) return;
        _excessLogged = true;
        _logger.LogWarning(
            "MQTT: broker {Broker} sends client id '{ClientId}' more unacknowledged messages than its Receive Maximum of {ReceiveMaximum} allows. Said once; they are taken all the same.",
            _broker, _clientId, _options.ReceiveMaximum);
    }

    private ConnectionEnd ClosedByBroker() =>
        new(MqttReasonCode.UnspecifiedError, $"Broker {_broker} closed the connection of client id '{_clientId}'.") { WithoutAWord = true };

    private ConnectionEnd DisconnectedByBroker(MqttDisconnectPacket packet)
    {
        var reason = PacketDecoder.ReasonOf((int)packet.ReasonCode);
        if (packet.SessionExpiryInterval != 0 || reason == MqttReasonCode.DisconnectWithWill) throw Violation.Protocol("DISCONNECT as only a client may send it");
        return new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, "disconnects the client", reason, packet.ReasonString, packet.ServerReference))
        {
            Final = Refusals.IsFinal(reason),
            ReasonString = packet.ReasonString,
        };
    }
}
