using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;

namespace Tally.Mqtt;

// PUBLISH from us to the broker, and its PUBACK (3.3, 3.4, 4.3). What follows at QoS 2 is in MqttClient.ExactlyOnce.cs.
public sealed partial class MqttClient
{
    // All under the lock. What is to be sent again on the open connection, in the order of publishing.
    private readonly Queue<ushort> _resend = new();

    // Of the open connection, or of the one before.
    private PacketEncoder _encoder = new(MqttProtocolVersion.V500);

    // How many in flight were sent on the open connection: what the broker's Receive Maximum bounds.
    private int _sentInFlight;

    // Those who wait for room; null: nobody does.
    private TaskCompletionSource? _room;

    // QoS 0 operations whose bytes are being gathered, and those whose bytes are being written.
    private List<PublishOperation> _unwritten = [];
    private List<PublishOperation> _beingWritten = [];

    // A broker of MQTT 3.1.1 cannot say how many messages of QoS 2 it takes at once, and Mosquitto 2.0.11 silently loses those
    // beyond its max_inflight_messages (seen: of 12,000 in a window of 10,000 many had their PUBCOMP and were never delivered). 20 is its default.
    internal const int MostExactlyOnceInVersion311 = 20;

    private bool HasWindow =>
        _inFlight.HasRoom && _inFlight.Count < _brokerAllows.ReceiveMaximum &&
        (_version == MqttProtocolVersion.V500 || _inFlight.ExactlyOnceCount < MostExactlyOnceInVersion311);

    private int MostSentAgain =>
        _version == MqttProtocolVersion.V311 && _inFlight.ExactlyOnceCount > MostExactlyOnceInVersion311 ? MostExactlyOnceInVersion311 : _brokerAllows.ReceiveMaximum;

    // Messages of PublishAsync come first, else a busy publisher would keep them out for ever.
    private bool IsOpenForNew =>
        _open is not null && _resend.Count == 0 && _waiting.Count == 0 && _freeing == 0 && _outgoing.Count < OutgoingBuffer.PublishLimit;

    /// <inheritdoc/>
    public bool TryPublish(in MqttPublication publication, long token)
    {
        PacketEncoder.Check(publication);
        Connection connection;
        lock (_gate)
        {
            if (_over is not null || !IsOpenForNew || !IsFreeFor(publication.Qos)) return false;
            connection = _open!;
            if (Append(publication, token, null) is { } reason) throw CannotBeSent(reason);
        }

        connection.Send();
        return true;
    }

    private bool IsFreeFor(MqttQos qos) => qos == MqttQos.AtMostOnce || (HasWindow && (qos == MqttQos.AtLeastOnce || IsFreeForExactlyOnce()));

    /// <summary>Appends a message, with a topic alias where there is one, and keeps it without until it is acknowledged.</summary>
    /// <returns>Why this broker does not take it; null: it is on its way.</returns>
    private MqttReasonCode? Append(in MqttPublication publication, long token, PublishOperation? operation)
    {
        var packetId = publication.Qos == MqttQos.AtMostOnce ? (ushort)0 : _inFlight.NextId;
        var packet = _encoder.Encode(publication, packetId);
        if (Undeliverable(packet.Length, publication.Qos, publication.Retain) is { } reason) return reason;
        if (packetId != 0)
        {
            _inFlight.Add(packet, _version, publication.Qos, publication.Retain, token, operation);
            _sentInFlight++;
        }

        if (_sentAliases is not null && packet.Length + SentTopicAliases.MostAdded <= _brokerMaximumPacketSize && _sentAliases.Of(publication.Topic, out var isKnown) is not 0 and var alias)
            packet = _encoder.Encode(publication, packetId, alias, isKnown);
        _outgoing.Append(packet);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask WaitToPublishAsync(CancellationToken cancellationToken)
    {
        Task room;
        lock (_gate)
        {
            if (_over is not null) throw _over;
            if (IsOpenForNew && HasWindow) return;
            room = (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await room.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (_over is not null) throw _over;
        }
    }

    private void ReleasePublishers()
    {
        _room?.SetResult();
        _room = null;
    }

    /// <inheritdoc/>
    public ValueTask<MqttReasonCode> PublishAsync(in MqttPublication publication, CancellationToken cancellationToken)
    {
        PacketEncoder.Check(publication);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<MqttReasonCode>(cancellationToken);
        var operation = new PublishOperation(publication);
        Connection? connection;
        lock (_gate)
        {
            if (_over is not null) return ValueTask.FromException<MqttReasonCode>(_over);
            _waiting.AddLast(operation);
            connection = _open;
            if (connection is not null) PumpLocked();
        }

        connection?.Send();
        return WaitForAsync(operation, cancellationToken);
    }

    private async ValueTask<MqttReasonCode> WaitForAsync(PublishOperation operation, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, cancelled) =>
            {
                var (client, operation) = ((MqttClient, PublishOperation))state!;
                client.Cancel(operation, cancelled);
            },
            (this, operation));
        return await operation.Task;
    }

    private void Cancel(PublishOperation operation, CancellationToken cancelled)
    {
        // One that is in flight stays there: the broker may have it, and its packet identifier is taken until PUBACK.
        lock (_gate) _waiting.Remove(operation);
        operation.TrySetCanceled(cancelled);
    }

    private void OnPubAck(ushort packetId, MqttReasonCode reason)
    {
        InFlightMessage settled;
        lock (_gate)
        {
            if (_inFlight.StateOf(packetId) != InFlightState.AwaitsPubAck)
            {
                // An earlier process of this session may have sent it.
                if (!_inherited) throw Violation.Protocol($"PUBACK for packet identifier {packetId}, under which nothing waits for it");
                StrayAcknowledgements++;
                return;
            }

            settled = Settle(packetId);
        }

        TellSettled(settled, reason);
    }

    /// <summary>Takes a message out that came to its end. One of an earlier connection that was not sent again yet may: the broker has it then.</summary>
    private InFlightMessage Settle(ushort packetId)
    {
        var message = _inFlight.Remove(packetId);
        if (message.Sent) _sentInFlight--;
        return message;
    }

    private void TellSettled(in InFlightMessage settled, MqttReasonCode reason)
    {
        if (settled.Operation is { } operation) operation.TrySetResult(reason);
        else TellPublished(settled.Token, reason);
    }

    /// <summary>Moves what may go out now into the outgoing buffer: messages of an earlier connection first, then those of PublishAsync.</summary>
    private void PumpLocked()
    {
        while (_resend.TryPeek(out var packetId) && _sentInFlight < MostSentAgain && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            _resend.Dequeue();
            if (_inFlight.StateOf(packetId) == InFlightState.None) continue; // acknowledged meanwhile
            _outgoing.Append(Again(packetId));
            _inFlight.SetSent(packetId, true);
            _sentInFlight++;
        }

        while (_resend.Count == 0 && _freeing == 0 && _waiting.First is { } first && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            var operation = first.Value;
            if (!IsFreeFor(operation.Publication.Qos)) return;
            _waiting.RemoveFirst();
            try
            {
                if (Append(operation.Publication, 0, operation) is { } reason) operation.TrySetException(CannotBeSent(reason));
                else if (operation.Publication.Qos == MqttQos.AtMostOnce) _unwritten.Add(operation);
            }
            catch (MqttException error)
            {
                operation.TrySetException(error); // something in it is too long: for whoever published it
            }
        }
    }

    // Without an alias: what is sent again is rare, and may be what the broker choked on.
    private MqttPacketBuffer Again(ushort packetId)
    {
        if (_inFlight.StateOf(packetId) == InFlightState.AwaitsPubComp) return _encoder.Encode(MqttControlPacketType.PubRel, packetId);
        var (packet, length, version) = _inFlight.PacketOf(packetId);
        return _encoder.Again(packet, length, version);
    }

    /// <summary>Room was made: for what waits here first, then for the publisher that waits outside.</summary>
    private void AfterRoomWasMade(Connection connection)
    {
        bool more;
        lock (_gate)
        {
            if (_open != connection) return;
            PumpLocked();
            more = _outgoing.Count > 0;
            if (IsOpenForNew && HasWindow) ReleasePublishers();
        }

        if (more) connection.Send();
    }

    /// <summary>Takes out what will never be delivered: all of a session that is gone, else what this broker does not take. The rest is to be sent again.</summary>
    private void DropUndeliverable(bool sessionPresent, List<Dropped> dropped)
    {
        foreach (var packetId in _inFlight.InOrder())
        {
            var message = _inFlight[packetId];
            var reason = sessionPresent && message.Length > 0 ? Undeliverable(message.Length, message.Qos, message.Retain) : null;
            if (!sessionPresent || reason is not null)
            {
                dropped.Add(new Dropped(_inFlight.Remove(packetId), reason));
                continue;
            }

            _inFlight.SetSent(packetId, false);
            _resend.Enqueue(packetId);
        }
    }

    private void GiveBack(Dropped dropped)
    {
        switch (dropped)
        {
            case { Message.Operation: { } operation, Reason: { } reason }:
                operation.TrySetResult(reason);
                break;
            case { Message.Operation: { } operation }:
                operation.TrySetException(SessionLost());
                break;
            case { Reason: { } reason }:
                _handler.OnPublished(dropped.Message.Token, reason);
                break;
            default:
                _handler.OnReturned(dropped.Message.Token);
                break;
        }
    }

    /// <summary>Nothing will come any more: everybody who waits is told.</summary>
    private void EndSession(Exception over)
    {
        lock (_gate)
        {
            _over = over;
            FailUnwritten();
            foreach (var operation in _waiting) operation.TrySetException(over);
            _waiting.Clear();
            foreach (var packetId in _inFlight.InOrder()) _inFlight.Remove(packetId).Operation?.TrySetException(over is MqttSessionLostException ? over : SessionLost());

            foreach (var request in _requests)
            {
                // Nobody waits for what a connection begins with: its exception would be one that nobody looks at.
                if (!request.Initial) request.TrySetException(over);
            }

            _requests.Clear();
            ReleasePublishers();
        }
    }

    private void FailUnwritten()
    {
        foreach (var operation in _unwritten) operation.TrySetException(SessionLost());
        foreach (var operation in _beingWritten) operation.TrySetException(SessionLost());
        _unwritten.Clear();
        _beingWritten.Clear();
    }

    private MqttReasonCode? Undeliverable(int packetLength, MqttQos qos, bool retain)
    {
        if ((uint)packetLength > _brokerMaximumPacketSize) return MqttReasonCode.PacketTooLarge;
        if (qos > (MqttQos)_brokerAllows.MaximumQoS) return MqttReasonCode.QosNotSupported;
        return retain && !_brokerAllows.RetainAvailable ? MqttReasonCode.RetainNotSupported : null;
    }

    private MqttException CannotBeSent(MqttReasonCode reason) => new(reason, reason switch
    {
        MqttReasonCode.PacketTooLarge => $"A PUBLISH cannot be sent: broker {_broker} takes packets of at most {_brokerMaximumPacketSize} bytes.",
        MqttReasonCode.QosNotSupported => $"Broker {_broker} takes messages up to QoS {(byte)_brokerAllows.MaximumQoS} only.",
        _ => $"Broker {_broker} does not take retained messages.",
    });

    private MqttSessionLostException SessionLost() =>
        new($"The session of client id '{_clientId}' at broker {_broker} ended before the message was acknowledged: whether the broker has it is not known.");

    /// <summary>A message of ours that is taken out of the session. Reason: why the broker of this connection does not take it; null: the session is gone.</summary>
    private readonly record struct Dropped(InFlightMessage Message, MqttReasonCode? Reason);
}
