using System.Buffers;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// PUBLISH from us to the broker, and its PUBACK (3.3, 3.4, 4.3). What follows at QoS 2 is in MqttClient.ExactlyOnce.cs.
public sealed partial class MqttClient
{
    // All under the lock. What is to be sent again begins here and goes on along the list of messages in flight; 0: done.
    private ushort _resendNext;

    // How many in flight were sent on the open connection: what the broker's Receive Maximum bounds.
    private int _sentInFlight;

    // QoS 0 operations whose bytes are being gathered, and those whose bytes are being written.
    private List<PublishOperation> _unwritten = [];
    private List<PublishOperation> _beingWritten = [];

    // A broker of MQTT 3.1.1 cannot say how many messages of QoS 2 it takes at once, and Mosquitto 2.0.11 silently loses those
    // beyond its max_inflight_messages (seen: of 12,000 in a window of 10,000 many had their PUBCOMP and were never delivered). 20 is its default.
    internal const int MostExactlyOnceInVersion311 = 20;

    private bool HasWindow =>
        _inFlight.HasRoom && _inFlight.Count < _brokerReceiveMaximum &&
        (_version == MqttProtocolVersion.V500 || _inFlight.ExactlyOnceCount < MostExactlyOnceInVersion311);

    private int MostSentAgain =>
        _version == MqttProtocolVersion.V311 && _inFlight.ExactlyOnceCount > MostExactlyOnceInVersion311 ? MostExactlyOnceInVersion311 : _brokerReceiveMaximum;

    // Messages of PublishAsync come first, else a busy publisher would keep them out for ever.
    private bool IsOpenForNew =>
        _open is not null && _resendNext == 0 && _waiting.Count == 0 && _freeing == 0 && _outgoing.Count < OutgoingBuffer.PublishLimit;

    // Packets go out as they are kept.
    private bool IsPlain => _sentAliases is null && _version == MqttProtocolVersion.V500;

    /// <inheritdoc/>
    public bool TryPublish(in MqttPublication publication, long token)
    {
        RequireQos(publication.Qos);
        var encoder = new PublishEncoder(publication);
        Connection connection;
        bool taken;
        lock (_gate)
        {
            if (_over is not null || !IsOpenForNew) return false;
            if (Undeliverable(encoder.PacketLength, publication.Qos, publication.Retain) is { } reason) throw CannotBeSent(reason, encoder.PacketLength);
            connection = _open!;
            taken = publication.Qos == MqttQos.AtMostOnce ? AppendUnacknowledged(encoder, publication) : AppendInFlight(encoder, publication, token);
        }

        connection.SendSignal.Set();
        return taken;
    }

    private bool AppendUnacknowledged(PublishEncoder encoder, in MqttPublication publication)
    {
        if (IsPlain)
        {
            encoder.Write(_outgoing.Append(encoder.PacketLength), publication, 0);
            return true;
        }

        var scratch = ArrayPool<byte>.Shared.Rent(encoder.PacketLength);
        encoder.Write(scratch, publication, 0);
        AppendInItsForm(scratch.AsSpan(0, encoder.PacketLength));
        ArrayPool<byte>.Shared.Return(scratch);
        return true;
    }

    private bool AppendInFlight(PublishEncoder encoder, in MqttPublication publication, long token)
    {
        if (!HasWindow || (publication.Qos == MqttQos.ExactlyOnce && !IsFreeForExactlyOnce())) return false;
        var packet = _inFlight.Add(encoder.PacketLength, token, null, out var packetId, publication.Qos);
        encoder.Write(packet, publication, packetId);
        AppendInItsForm(packet);
        _sentInFlight++;
        return true;
    }

    /// <summary>Appends a PUBLISH in the form that this connection wants.</summary>
    private void AppendInItsForm(ReadOnlySpan<byte> packet)
    {
        if (IsPlain)
        {
            packet.CopyTo(_outgoing.Append(packet.Length));
            return;
        }

        var form = new PublishForm(packet);
        if (_version == MqttProtocolVersion.V311) form.AppendVersion311(_outgoing);
        else if (packet.Length + PublishForm.MostAdded <= _brokerMaximumPacketSize && _sentAliases!.TryGet(form.Topic, out var alias, out var known))
            form.AppendAliased(_outgoing, alias, known);
        else packet.CopyTo(_outgoing.Append(packet.Length));
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
        var pubAck = AckPacket.Decode(PacketType.PubAck, body, ref _propertyScratch, _version);
        Settled settled;
        lock (_gate)
        {
            if (_inFlight.StateOf(pubAck.PacketId) != InFlightState.AwaitsPubAck)
            {
                // An earlier process of this session may have sent it.
                if (!_inherited) throw Violation.Protocol($"PUBACK for packet identifier {pubAck.PacketId}, under which nothing waits for it");
                StrayAcknowledgements++;
                return;
            }

            settled = Settle(pubAck.PacketId, pubAck.Reason);
        }

        TellSettled(settled);
    }

    /// <summary>Takes a message out that came to its end. One of an earlier connection that was not sent again yet may: the broker has it then.</summary>
    private Settled Settle(ushort packetId, MqttReasonCode reason)
    {
        if (packetId == _resendNext) _resendNext = _inFlight.Next(packetId);
        _inFlight.TryRemove(packetId, out var token, out var operation, out var sent);
        if (sent) _sentInFlight--;
        return new Settled(token, operation, reason);
    }

    private void TellSettled(Settled settled)
    {
        if (settled.Operation is { } operation) operation.TrySetResult(settled.Reason);
        else TellPublished(settled.Token, settled.Reason);
    }

    /// <summary>Moves what may go out now into the outgoing buffer: messages of an earlier connection first, then those of PublishAsync.</summary>
    private void PumpLocked()
    {
        while (_resendNext != 0 && _sentInFlight < MostSentAgain && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            SendAgain(_resendNext);
            _inFlight.SetSent(_resendNext, true);
            _sentInFlight++;
            _resendNext = _inFlight.Next(_resendNext);
        }

        while (_resendNext == 0 && _freeing == 0 && _waiting.First is { } first && _outgoing.Count < OutgoingBuffer.PublishLimit)
        {
            var operation = first.Value;
            if (operation.Qos != MqttQos.AtMostOnce && !HasWindow) return;
            if (operation.Qos == MqttQos.ExactlyOnce && !IsFreeForExactlyOnce()) return;
            _waiting.RemoveFirst();
            Append(operation);
        }
    }

    // Without an alias: what is sent again is rare, and may be what the broker choked on.
    private void SendAgain(ushort packetId)
    {
        if (_inFlight.StateOf(packetId) == InFlightState.AwaitsPubComp)
        {
            AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), PacketType.PubRel, packetId);
            return;
        }

        var packet = _inFlight.PacketOf(packetId);
        PublishEncoder.SetDuplicate(packet);
        if (_version == MqttProtocolVersion.V311) new PublishForm(packet).AppendVersion311(_outgoing);
        else packet.CopyTo(_outgoing.Append(packet.Length));
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
            AppendInItsForm(operation.Packet);
            _unwritten.Add(operation);
            return;
        }

        var packet = _inFlight.Add(operation.Packet.Length, 0, operation, out var packetId, operation.Qos);
        operation.Packet.CopyTo(packet);
        PublishEncoder.SetPacketId(packet, packetId);
        AppendInItsForm(packet);
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
            var reason = sessionPresent ? Undeliverable(packetId) : null;
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

            foreach (var request in _requests)
            {
                // Nobody waits for what a connection begins with: its exception would be one that nobody looks at.
                if (!request.Initial) request.TrySetException(over);
            }

            _requests.Clear();
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

    private MqttReasonCode? Undeliverable(ushort packetId)
    {
        if (_inFlight.StateOf(packetId) == InFlightState.AwaitsPubComp) return null;
        var packet = _inFlight.PacketOf(packetId);
        return Undeliverable(packet.Length, (MqttQos)((packet[0] >> 1) & 3), (packet[0] & 1) != 0);
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
        if (qos > MqttQos.ExactlyOnce) throw new MqttException(MqttReasonCode.QosNotSupported, $"There is QoS 0, 1 and 2; {(byte)qos} was asked for.");
    }

    /// <summary>A message of ours that came to its end.</summary>
    private readonly record struct Settled(long Token, PublishOperation? Operation, MqttReasonCode Reason);

    /// <summary>A message of ours that is taken out of the session. Reason: why the broker of this connection does not take it; null: the session is gone.</summary>
    private readonly record struct Dropped(long Token, PublishOperation? Operation, MqttReasonCode? Reason);
}
