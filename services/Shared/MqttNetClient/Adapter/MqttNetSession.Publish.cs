using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt;
using Tally.Mqtt.Packets;

namespace Tally.MqttNetClient;

// PUBLISH from us to the broker, and what it answers (3.3 to 3.7, 4.3, 4.4).
internal sealed partial class MqttNetSession
{
    // Packets that may wait for the socket: two windows of Mosquitto's default. More would only wait longer.
    private const int QueuedLimit = 2_000;

    // All under the lock. What is to be sent again begins here and goes on along the list; null: done.
    private LinkedListNode<SentMessage>? _resend;

    // How many in flight were sent on the open connection: what the broker's Receive Maximum bounds.
    private int _sentOnConnection;

    private MqttConnected _accepted;

    // As in the built-in client: in a session that an earlier process left, the broker may still hold messages of QoS 2 under
    // packet identifiers of ours, for which a new message would be taken and lost. Before the first one all of them are released.
    private bool _inherited;
    private bool _needsFreeing = true;
    private int _freeing;

    private bool HasWindow =>
        _sent.HasRoom && _sent.Count < _accepted.ReceiveMaximum &&
        (_accepted.ProtocolVersion == MqttProtocolVersion.V500 || _sent.ExactlyOnceCount < MqttClient.MostExactlyOnceInVersion311);

    private int MostSentAgain => _accepted.ProtocolVersion == MqttProtocolVersion.V311 && _sent.ExactlyOnceCount > MqttClient.MostExactlyOnceInVersion311
        ? MqttClient.MostExactlyOnceInVersion311
        : _accepted.ReceiveMaximum;

    // Messages of PublishAsync come first, else a busy publisher would keep them out for ever.
    private bool IsOpenForNew => _open is not null && _resend is null && _freeing == 0 && _waiting.Count == 0 && _open.Queued < QueuedLimit;

    /// <inheritdoc/>
    public bool TryPublish(in MqttPublication publication, long token)
    {
        var length = new PublishEncoder(publication).PacketLength; // checks it too
        lock (_gate)
        {
            if (_over is not null || !IsOpenForNew) return false;
            if (Undeliverable(length, publication.Qos, publication.Retain) is { } reason) throw CannotBeSent(reason, length);
            if (publication.Qos == MqttQos.AtMostOnce)
            {
                _open!.Send(PublishPackets.Create(publication));
                return true;
            }

            if (!HasWindow || !IsFreeFor(publication.Qos, _open!)) return false;
            var packet = PublishPackets.Create(publication);
            _sent.Add(packet, length, token, null);
            _open!.Send(packet);
            _sentOnConnection++;
            return true;
        }
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
        var length = new PublishEncoder(publication).PacketLength;
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<MqttReasonCode>(cancellationToken);
        var pending = new PendingPublish(PublishPackets.Create(publication), length);
        lock (_gate)
        {
            if (_over is not null) return ValueTask.FromException<MqttReasonCode>(_over);
            _waiting.AddLast(pending);
            if (_open is not null) Pump(_open);
        }

        return WaitForAsync(pending, cancellationToken);
    }

    private async ValueTask<MqttReasonCode> WaitForAsync(PendingPublish pending, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, cancelled) =>
            {
                var (client, pending) = ((MqttNetSession, PendingPublish))state!;
                client.Cancel(pending, cancelled);
            },
            (this, pending));
        return await pending.Task;
    }

    private void Cancel(PendingPublish pending, CancellationToken cancelled)
    {
        // One that is in flight stays there: the broker may have it, and its packet identifier is taken until the acknowledgement.
        lock (_gate) _waiting.Remove(pending);
        pending.TrySetCanceled(cancelled);
    }

    /// <summary>PUBACK or PUBCOMP: the end of a message.</summary>
    private void OnAcknowledged(MqttPacketWithIdentifier packet, MqttQos qos, MqttReasonCode reason)
    {
        SentMessage message;
        lock (_gate)
        {
            if (qos == MqttQos.ExactlyOnce && _freeing > 0)
            {
                _freeing--;
                return;
            }

            var node = Find(packet.PacketIdentifier, qos);
            if (node is null)
            {
                // It may be for what an earlier process sent, or for a PUBREL that was for the broker's sake.
                if (_inherited || qos == MqttQos.ExactlyOnce) return;
                throw Violation.Protocol($"{packet} under whose packet identifier nothing of ours waits for it");
            }

            if (qos == MqttQos.ExactlyOnce && !node.Value.IsReleased) throw Violation.Protocol($"{packet} for a message that waits for PUBREC");
            message = Finish(node);
        }

        // PUBCOMP with 0x92 means that the broker had completed it before: it has the message.
        TellPublished(message.Token, message.Pending, message.IsReleased ? message.Reason : reason);
    }

    /// <summary>PUBREC: the broker has the message, or refuses it (3.5).</summary>
    private void OnPubRec(NetConnection connection, MqttPubRecPacket packet)
    {
        var reason = (MqttReasonCode)packet.ReasonCode;
        SentMessage message;
        lock (_gate)
        {
            var node = _sent.Find(packet.PacketIdentifier);
            if (node is null)
            {
                // 0x92: "not an error during recovery" (3.5.2.1).
                SendPubRel(connection, packet.PacketIdentifier, MqttPubRelReasonCode.PacketIdentifierNotFound);
                return;
            }

            if ((MqttQos)node.Value.Packet.QualityOfServiceLevel != MqttQos.ExactlyOnce) throw Violation.Protocol($"{packet} for a message that waits for PUBACK");
            if (reason < MqttReasonCode.UnspecifiedError)
            {
                if (!node.Value.IsReleased) (node.Value.IsReleased, node.Value.Reason) = (true, reason);

                // One that was not sent again yet on this connection goes out in its turn.
                if (node.Value.IsSent) SendPubRel(connection, packet.PacketIdentifier, MqttPubRelReasonCode.Success);
                return;
            }

            message = Finish(node);
        }

        TellPublished(message.Token, message.Pending, reason);
    }

    private static void SendPubRel(NetConnection connection, ushort packetId, MqttPubRelReasonCode reason) =>
        connection.Send(new MqttPubRelPacket { PacketIdentifier = packetId, ReasonCode = reason });

    private LinkedListNode<SentMessage>? Find(ushort packetId, MqttQos qos) =>
        _sent.Find(packetId) is { } node && (MqttQos)node.Value.Packet.QualityOfServiceLevel == qos ? node : null;

    private SentMessage Finish(LinkedListNode<SentMessage> node)
    {
        // One of an earlier connection that was not sent again yet may be answered too: the broker has it then.
        if (node == _resend) _resend = node.Next;
        if (node.Value.IsSent) _sentOnConnection--;
        _sent.Remove(node);
        return node.Value;
    }

    private void TellPublished(long token, PendingPublish? pending, MqttReasonCode reason)
    {
        if (pending is not null)
        {
            pending.TrySetResult(reason);
            return;
        }

        EnterHandler();
        _handler.OnPublished(token, reason);
        LeaveHandler();
    }

    /// <summary>Sends what may go out now: messages of an earlier connection first, then those of PublishAsync. Under the lock.</summary>
    private void Pump(NetConnection connection)
    {
        for (; _resend is not null && _sentOnConnection < MostSentAgain && connection.Queued < QueuedLimit; _resend = _resend.Next)
        {
            var message = _resend.Value;
            message.IsSent = true;
            _sentOnConnection++;
            if (message.IsReleased)
            {
                SendPubRel(connection, message.Packet.PacketIdentifier, MqttPubRelReasonCode.Success);
                continue;
            }

            message.Packet.Dup = true;
            connection.Send(message.Packet);
        }

        while (_resend is null && _freeing == 0 && _waiting.First is { } first && connection.Queued < QueuedLimit)
        {
            var pending = first.Value;
            var qos = (MqttQos)pending.Packet.QualityOfServiceLevel;
            if (qos != MqttQos.AtMostOnce && (!HasWindow || !IsFreeFor(qos, connection))) return;
            _waiting.RemoveFirst();
            if (Undeliverable(pending.Length, qos, pending.Packet.Retain) is { } reason)
            {
                pending.TrySetException(CannotBeSent(reason, pending.Length));
            }
            else if (qos == MqttQos.AtMostOnce)
            {
                connection.Send(pending.Packet, pending);
            }
            else
            {
                _sent.Add(pending.Packet, pending.Length, 0, pending);
                connection.Send(pending.Packet);
                _sentOnConnection++;
            }
        }
    }

    /// <summary>Room was made: for what waits here first, then for the publisher that waits outside.</summary>
    private void AfterRoomWasMade(NetConnection connection)
    {
        lock (_gate)
        {
            if (_open != connection) return;
            Pump(connection);
            if (IsOpenForNew && HasWindow) _waiter.Release();
        }
    }

    /// <summary>Takes out what will never be delivered: all of a session that is gone, else what this broker does not take.</summary>
    private void DropUndeliverable(bool sessionPresent, List<Dropped> dropped)
    {
        for (var node = _sent.First; node is not null;)
        {
            var next = node.Next;
            var message = node.Value;
            message.IsSent = false;
            var reason = sessionPresent && !message.IsReleased
                ? Undeliverable(message.Length, (MqttQos)message.Packet.QualityOfServiceLevel, message.Packet.Retain)
                : null;
            if (!sessionPresent || reason is not null)
            {
                _sent.Remove(node);
                dropped.Add(new Dropped(message, reason));
            }

            node = next;
        }
    }

    private void GiveBack(Dropped dropped)
    {
        var (message, reason) = dropped;
        if (reason is not null) TellPublished(message.Token, message.Pending, reason.Value);
        else if (message.Pending is not null) message.Pending.TrySetException(SessionLost());
        else _handler.OnReturned(message.Token);
    }

    /// <summary>Nothing will come any more: everybody who waits is told.</summary>
    private void EndSession(Exception over)
    {
        lock (_gate)
        {
            _over = over;
            foreach (var pending in _waiting) pending.TrySetException(over);
            _waiting.Clear();
            while (_sent.First is { } node)
            {
                _sent.Remove(node);
                node.Value.Pending?.TrySetException(over is MqttSessionLostException ? over : SessionLost());
            }

            EndRequests(over);
            _waiter.Fail(over);
        }
    }

    /// <summary>Makes sure that the broker holds nothing under our packet identifiers.</summary>
    /// <returns>False: not yet.</returns>
    private bool IsFreeFor(MqttQos qos, NetConnection connection)
    {
        if (qos != MqttQos.ExactlyOnce || !_inherited || !_needsFreeing) return true;
        _needsFreeing = false;
        _freeing = _sent.Capacity;
        for (var packetId = 1; packetId <= _freeing; packetId++) SendPubRel(connection, (ushort)packetId, MqttPubRelReasonCode.Success);
        return false;
    }

    private MqttReasonCode? Undeliverable(int packetLength, MqttQos qos, bool retain)
    {
        if ((uint)packetLength > (_accepted.MaximumPacketSize ?? uint.MaxValue)) return MqttReasonCode.PacketTooLarge;
        if (qos > _accepted.MaximumQos) return MqttReasonCode.QosNotSupported;
        return retain && !_accepted.RetainAvailable ? MqttReasonCode.RetainNotSupported : null;
    }

    private MqttException CannotBeSent(MqttReasonCode reason, int packetLength) => new(reason, reason switch
    {
        MqttReasonCode.PacketTooLarge => $"A PUBLISH of {packetLength} bytes cannot be sent: broker {_broker} takes at most {_accepted.MaximumPacketSize} bytes.",
        MqttReasonCode.QosNotSupported => $"Broker {_broker} takes messages up to QoS {(byte)_accepted.MaximumQos} only.",
        _ => $"Broker {_broker} does not take retained messages.",
    });

    private MqttSessionLostException SessionLost() =>
        new($"The session of client id '{_clientId}' at broker {_broker} ended before the message was acknowledged: whether the broker has it is not known.");

    /// <summary>A message of ours that is taken out of the session. Reason: why the broker of this connection does not take it; null: the session is gone.</summary>
    private readonly record struct Dropped(SentMessage Message, MqttReasonCode? Reason);
}
