using Microsoft.Extensions.Logging;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// The receive loop: many packets out of each read, handed over where they lie.
public sealed partial class MqttClient
{
    private readonly PacketSplitter _splitter;
    private byte[] _propertyScratch = [];
    private bool _inHandler;
    private bool _handed;

    private ReceivedTopicAliases? _received;
    private bool _excessLogged;

    /// <summary>Messages that came beyond the Receive Maximum told to the broker, which some exceed. Counted, not punished.</summary>
    public long ReceiveMaximumExceeded { get; private set; }

    private void ReceiveLoop(Connection connection)
    {
        EnterHandler();
        var sink = new Sink(this, connection);
        var catchUp = new CatchUp();
        _inHandler = false;
        _handed = false;
        try
        {
            // What came together with CONNACK is there before the first read.
            do
            {
                if (!connection.Input.TryGet(out var buffer)) continue;
                var now = Environment.TickCount64;
                connection.LastReceived = now;
                if (connection.Ending.IsCancellationRequested)
                {
                    connection.Input.Take(buffer.End, buffer.End);
                    break;
                }

                var packets = _splitter.Split(buffer, ref sink, out var rest);
                var bytes = buffer.Length - rest.Length;
                connection.Input.Take(rest.Start, buffer.End);
                if (packets > 0) AfterRoomWasMade(connection);
                if (_handed) now = LetCatchUp(connection, catchUp, now);
                if (_receiveGathering.ShouldWait(bytes, packets, now)) _receiveGathering.Wait();
                while (_outgoing.Count > OutgoingBuffer.ReceiveLimit && !connection.Ending.IsCancellationRequested) connection.DrainSignal.Wait();
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
    private long LetCatchUp(Connection connection, CatchUp catchUp, long now)
    {
        _handed = false;
        _inHandler = true;
        var catchingUp = _handler.OnReadCompletedAsync(connection.Ending);
        connection.Paused = !catchingUp.IsCompleted;
        catchUp.Wait(catchingUp);
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

    private void Handle(Connection connection, FixedHeader header, ReadOnlySpan<byte> body)
    {
        switch (header.Type)
        {
            case PacketType.Publish:
                OnPublish(connection, header.Flags, body);
                break;
            case PacketType.PubAck:
                OnPubAck(body);
                break;
            case PacketType.PubRec:
                OnPubRec(body);
                break;
            case PacketType.PubRel:
                OnPubRel(body);
                break;
            case PacketType.PubComp:
                OnPubComp(body);
                break;
            case PacketType.SubAck:
                OnSubAck(connection, PacketType.SubAck, body);
                break;
            case PacketType.UnsubAck:
                OnSubAck(connection, PacketType.UnsubAck, body);
                break;
            case PacketType.PingResp:
                if (!body.IsEmpty) throw Violation.Malformed("PINGRESP with a body");
                break;
            case PacketType.Disconnect when _version == MqttProtocolVersion.V500:
                connection.End(DisconnectedByBroker(DisconnectPacket.Decode(body)));
                break;
            case PacketType.Auth when _version == MqttProtocolVersion.V500:
                throw Violation.Protocol("AUTH, where CONNECT named no authentication method (4.12): this client does without enhanced authentication");
            default:
                throw Violation.Protocol($"{header.Type} that nothing of ours asked for");
        }
    }

    private void OnPublish(Connection connection, byte flags, ReadOnlySpan<byte> body)
    {
        var packet = PublishPacket.Decode(flags, body, ref _propertyScratch, _version, _received);
        ushort turn = 0;
        if (packet.Qos != MqttQos.AtMostOnce)
        {
            var before = _deliveries.Outstanding;
            if (packet.Qos == MqttQos.AtLeastOnce) turn = _deliveries.ArriveAtLeastOnce(packet.PacketId);
            else if (!ArrivesForTheFirstTime(packet.PacketId, out turn)) return;
            if (before >= _options.ReceiveMaximum && _version == MqttProtocolVersion.V500) CountExcess();
        }

        _inHandler = true;
        _handler.OnMessage(new MqttMessage
        {
            Topic = packet.Topic,
            Payload = packet.Payload,
            ContentType = packet.ContentType,
            ResponseTopic = packet.ResponseTopic,
            CorrelationData = packet.CorrelationData,
            UserProperties = packet.UserProperties,
            MessageExpiryInterval = packet.MessageExpiryInterval,
            PayloadIsText = packet.PayloadIsText,
            SubscriptionIdentifiers = packet.SubscriptionIdentifiers,
            Delivery = new MqttDelivery(connection.Epoch, packet.PacketId) { Turn = turn },
            Qos = packet.Qos,
            Retain = packet.Retain,
            Duplicate = packet.Duplicate,
        });
        _inHandler = false;
        _handed = true;
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

    private ConnectionEnd DisconnectedByBroker(DisconnectPacket packet) =>
        new(packet.Reason, Refusals.Describe(_broker, _clientId, "disconnects the client", packet.Reason, packet.ReasonString, packet.ServerReference))
        {
            Final = ReasonCodes.IsFinal(packet.Reason),
            ReasonString = packet.ReasonString,
        };

    private readonly struct Sink(MqttClient client, Connection connection) : IPacketSink
    {
        public bool Take(FixedHeader header, ReadOnlySpan<byte> body)
        {
            client.Handle(connection, header, body);
            return !connection.Ending.IsCancellationRequested;
        }
    }
}
