namespace Tally.Mqtt;

// QoS 2 (4.3.3): PUBREC and PUBCOMP for messages of ours, PUBREL for the broker's.
public sealed partial class MqttClient
{
    // Under the lock. In a session that an earlier process left, the broker may hold messages of that process whose PUBREL
    // it waits for; a new message under such a packet identifier would be taken for the old one and silently lost (4.3.3). So
    // before the first message of QoS 2 all identifiers that this client uses are released: the broker then delivers what it
    // holds, and answers PUBCOMP to each. Publishing waits for that; it happens once in a process, if at all.
    private bool _needsFreeing = true;
    private readonly HashSet<ushort> _freeing = [];

    /// <summary>Packets of the broker for packet identifiers that this process knows nothing of, in a session that is older than the process.</summary>
    public long StrayAcknowledgements { get; private set; }

    private void OnPubRec(ushort packetId, MqttReasonCode reason)
    {
        InFlightMessage settled;
        lock (_gate)
        {
            var state = _inFlight.StateOf(packetId);
            if (state == InFlightState.AwaitsPubAck) throw MqttException.Protocol($"PUBREC for packet identifier {packetId}, which waits for PUBACK");
            if (state == InFlightState.None)
            {
                // 0x92: "not an error during recovery" (3.5.2.1).
                StrayAcknowledgements++;
                _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, packetId, MqttReasonCode.PacketIdentifierNotFound));
                return;
            }

            if (reason < MqttReasonCode.UnspecifiedError)
            {
                if (state == InFlightState.AwaitsPubRec) _inFlight.SetReceived(packetId, reason);

                // One that was not sent again yet on this connection goes out in its turn.
                if (_inFlight[packetId].Sent) _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, packetId));
                return;
            }

            settled = Settle(packetId);
        }

        TellSettled(settled, reason);
    }

    private void OnPubComp(ushort packetId)
    {
        InFlightMessage settled;
        lock (_gate)
        {
            if (_freeing.Remove(packetId)) return;
            var state = _inFlight.StateOf(packetId);
            if (state is InFlightState.AwaitsPubAck or InFlightState.AwaitsPubRec) throw MqttException.Protocol($"PUBCOMP for packet identifier {packetId}, which waits for another acknowledgement");
            if (state == InFlightState.None)
            {
                StrayAcknowledgements++; // answers a PUBREL that was for the broker's sake
                return;
            }

            settled = Settle(packetId); // also with 0x92, which means that the broker had completed it before: it has the message
        }

        TellSettled(settled, settled.Reason);
    }

    private void OnPubRel(ushort packetId)
    {
        lock (_gate)
        {
            var known = _deliveries.Release(packetId);
            if (!known) StrayAcknowledgements++;
            _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubComp, packetId, known ? MqttReasonCode.Success : MqttReasonCode.PacketIdentifierNotFound));
        }
    }

    /// <summary>A message of QoS 2 arrived; false when it was handed over before.</summary>
    private bool ArrivesForTheFirstTime(ushort packetId, out ushort turn)
    {
        lock (_gate)
        {
            (var before, turn) = _deliveries.Arrive(packetId, MqttQos.ExactlyOnce);
            if (before == IncomingDeliveries.State.Acknowledged) _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRec, packetId));
            return before == IncomingDeliveries.State.Free;
        }
    }

    /// <summary>Makes sure that the broker holds nothing under our packet identifiers; false: not yet.</summary>
    private bool IsFreeForExactlyOnce()
    {
        if (!_inherited || !_needsFreeing) return true;
        _needsFreeing = false;
        for (var packetId = 1; packetId <= _inFlight.Capacity; packetId++)
        {
            _freeing.Add((ushort)packetId);
            _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, (ushort)packetId));
        }

        return false;
    }
}
