using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// PUBLISH from us to the broker, and its PUBACK (3.3, 3.4, 4.3).
public sealed partial class MqttClient
{
    // QoS 2 needs PUBREC, PUBREL and PUBCOMP, which this client does not do.
    private const MqttQos HighestQos = MqttQos.AtLeastOnce;

    // All under the lock. What is to be sent again begins here and goes on along the list of messages in flight; 0: done.
    private ushort _resendNext;

    // How many in flight were sent on the open connection: what the broker's Receive Maximum bounds.
    private int _sentInFlight;

    // QoS 0 operations whose bytes are being gathered, and those whose bytes are being written.
    private List<PublishOperation> _unwritten = [];
    private List<PublishOperation> _beingWritten = [];

    private bool HasWindow => _inFlight.HasRoom && _inFlight.Count < _brokerReceiveMaximum;

    // Messages of PublishAsync come first, else a busy publisher would keep them out for ever.
    private bool IsOpenForNew => _open is not null && _resendNext == 0 && _waiting.Count == 0 && _outgoing.Count < OutgoingBuffer.PublishLimit;

    /// <inheritdoc/>
    public bool TryPublish(in MqttPublication publication, long token)
    {
        RequireQos(publication.Qos);
        var encoder = new PublishEncoder(publication);
        Connection connection;
        lock (_gate)
        {
            if (_over is not null || !IsOpenForNew) return false;
            if (Undeliverable(encoder.PacketLength, publication.Qos, publication.Retain) is { } reason) throw CannotBeSent(reason, encoder.PacketLength);
            connection = _open!;
            if (publication.Qos == MqttQos.AtMostOnce)
            {
                encoder.Write(_outgoing.Append(encoder.PacketLength), publication, 0);
            }
            else
            {
                if (!HasWindow) return false;
                var packet = _inFlight.Add(encoder.PacketLength, token, null, out var packetId);
                encoder.Write(packet, publication, packetId);
                packet.CopyTo(_outgoing.Append(packet.Length));
                _sentInFlight++;
            }
        }

        connection.SendSignal.Set();
        return true;
    }

    /// <inheritdoc/>
    public ValueTask WaitToPublishAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_over is not null) return ValueTask.FromException(_over);
            return IsOpenForNew && HasWindow ? ValueTask.CompletedTask : _waiter.Wait(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask<MqttReasonCode> PublishAsync(in MqttPublication publication, CancellationToken cancellationToken)
    {
        RequireQos(publication.Qos);
        var encoder = new PublishEncoder(publication);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<MqttReasonCode>(cancellationToken);
        var operation = new PublishOperation(new byte[encoder.PacketLength], publication.Qos, publication.Retain);
        encoder.Write(operation.Packet, publication, 0);
        Connection? connection;
        lock (_gate)
        {
            if (_over is not null) return ValueTask.FromException<MqttReasonCode>(_over);
            _waiting.AddLast(operation);
            connection = _open;
            if (connection is not null) PumpLocked();
        }

        connection?.SendSignal.Set();
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

    private void OnPubAck(ReadOnlySpan<byte> body)
    {
        var pubAck = AckPacket.Decode(PacketType.PubAck, body, ref _propertyScratch);
        long token;
        PublishOperation? operation;
        lock (_gate)
        {
            // One of an earlier connection that was not sent again yet may be acknowledged too: the broker has it then.
            if (pubAck.PacketId == _resendNext) _resendNext = _inFlight.Next(_resendNext);
            if (!_inFlight.TryRemove(pubAck.PacketId, out token, out operation, out var sent))
                throw Violation.Protocol($"PUBACK for packet identifier {pubAck.PacketId}, under which nothing was sent");
            if (sent) _sentInFlight--;
        }

        if (operation is null) TellPublished(token, pubAck.Reason);
        else operation.TrySetResult(pubAck.Reason);
    }

    /// <summary>Moves what may go out now into the outgoing buffer: messages of an earlier connection first, then those of PublishAsync.</summary>
    private void PumpLocked()
    {
        while (_resendNext != 0 && _sentInFlight < _brokerReceiveMaximum && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            var packet = _inFlight.PacketOf(_resendNext);
            PublishEncoder.SetDuplicate(packet);
            packet.CopyTo(_outgoing.Append(packet.Length));
            _inFlight.SetSent(_resendNext, true);
            _sentInFlight++;
            _resendNext = _inFlight.Next(_resendNext);
        }

        while (_resendNext == 0 && _waiting.First is { } first && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            var operation = first.Value;
            if (operation.Qos != MqttQos.AtMostOnce && !HasWindow) return;
            _waiting.RemoveFirst();
            Append(operation);
        }
    }

    private void Append(PublishOperation operation)
    {
        if (Undeliverable(operation.Packet.Length, operation.Qos, operation.Retain) is { } reason)
        {
            operation.TrySetException(CannotBeSent(reason, operation.Packet.Length));
            return;
        }

        if (operation.Qos == MqttQos.AtMostOnce)
        {
            operation.Packet.CopyTo(_outgoing.Append(operation.Packet.Length));
            _unwritten.Add(operation);
            return;
        }

        var packet = _inFlight.Add(operation.Packet.Length, 0, operation, out var packetId);
        operation.Packet.CopyTo(packet);
        PublishEncoder.SetPacketId(packet, packetId);
        packet.CopyTo(_outgoing.Append(packet.Length));
        _sentInFlight++;
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
            if (IsOpenForNew && HasWindow) _waiter.Release();
        }

        if (more) connection.SendSignal.Set();
    }

    /// <summary>Takes out what will never be delivered: all of a session that is gone, else what this broker does not take.</summary>
    private void DropUndeliverable(bool sessionPresent, List<Dropped> dropped)
    {
        for (var packetId = _inFlight.First; packetId != 0;)
        {
            var next = _inFlight.Next(packetId);
            var packet = _inFlight.PacketOf(packetId);
            var reason = sessionPresent ? Undeliverable(packet.Length, (MqttQos)((packet[0] >> 1) & 3), (packet[0] & 1) != 0) : null;
            if (!sessionPresent || reason is not null)
            {
                _inFlight.TryRemove(packetId, out var token, out var operation, out _);
                dropped.Add(new Dropped(token, operation, reason));
            }

            else
            {
                _inFlight.SetSent(packetId, false);
            }

            packetId = next;
        }
    }

    private void GiveBack(Dropped message)
    {
        switch (message)
        {
            case { Operation: { } operation, Reason: { } reason }:
                operation.TrySetResult(reason);
                break;
            case { Operation: { } operation }:
                operation.TrySetException(SessionLost());
                break;
            case { Reason: { } reason }:
                _handler.OnPublished(message.Token, reason);
                break;
            default:
                _handler.OnReturned(message.Token);
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
            while (_inFlight.First != 0)
            {
                _inFlight.TryRemove(_inFlight.First, out _, out var operation, out _);
                operation?.TrySetException(over is MqttSessionLostException ? over : SessionLost());
            }

            _waiter.Fail(over);
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
        if (qos > _brokerMaximumQos) return MqttReasonCode.QosNotSupported;
        return retain && !_brokerRetainAvailable ? MqttReasonCode.RetainNotSupported : null;
    }

    private MqttException CannotBeSent(MqttReasonCode reason, int packetLength) => new(reason, reason switch
    {
        MqttReasonCode.PacketTooLarge => $"A PUBLISH of {packetLength} bytes cannot be sent: broker {_broker} takes at most {_brokerMaximumPacketSize} bytes.",
        MqttReasonCode.QosNotSupported => $"Broker {_broker} takes messages up to QoS {(byte)_brokerMaximumQos} only.",
        _ => $"Broker {_broker} does not take retained messages.",
    });

    private MqttSessionLostException SessionLost() =>
        new($"The session of client id '{_clientId}' at broker {_broker} ended before the message was acknowledged: whether the broker has it is not known.");

    private static void RequireQos(MqttQos qos)
    {
        if (qos > HighestQos) throw new MqttException(MqttReasonCode.QosNotSupported, $"This client publishes at QoS 0 and 1; QoS {(byte)qos} was asked for.");
    }

    /// <summary>A message of ours that is taken out of the session. Reason: why the broker of this connection does not take it; null: the session is gone.</summary>
    private readonly record struct Dropped(long Token, PublishOperation? Operation, MqttReasonCode? Reason);
}
