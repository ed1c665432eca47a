using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// QoS 2 (4.3.3): PUBREC and PUBCOMP for messages of ours, PUBREL for the broker's.
public sealed partial class MqttClient
{
    // Under the lock. In a session that an earlier process left, the broker may hold messages of that process whose PUBREL
    // it waits for; a new message under such a packet identifier would be taken for the old one and silently lost (4.3.3). So
    // before the first message of QoS 2 all identifiers that this client uses are released: the broker then delivers what it
    // holds, and answers PUBCOMP to each. Publishing waits for that; it happens once in a process, if at all.
    private bool _needsFreeing = true;
    private int _freeing;
    private bool[] _beingFreed = [];

    /// <summary>Packets of the broker for packet identifiers that this process knows nothing of, in a session that is older than the process.</summary>
    public long StrayAcknowledgements { get; private set; }

    private void OnPubRec(ReadOnlySpan<byte> body)
    {
        var pubRec = AckPacket.Decode(PacketType.PubRec, body, ref _propertyScratch, _version);
        var packetId = pubRec.PacketId;
        Settled settled;
        lock (_gate)
        {
            switch (_inFlight.StateOf(packetId))
            {
                case InFlightState.AwaitsPubAck:
                    throw Violation.Protocol($"PUBREC for packet identifier {packetId}, which waits for PUBACK");
                case InFlightState.None:
                    // 0x92: "not an error during recovery" (3.5.2.1).
                    StrayAcknowledgements++;
                    Answer(PacketType.PubRel, packetId, MqttReasonCode.PacketIdentifierNotFound);
                    return;
                case var _ when pubRec.Reason >= MqttReasonCode.UnspecifiedError:
                    settled = Settle(packetId, pubRec.Reason);
                    break;
                case InFlightState.AwaitsPubRec:
                    _inFlight.SetReceived(packetId, pubRec.Reason);
                    SendPubRel(packetId);
                    return;
                default:
                    SendPubRel(packetId);
                    return;
            }
        }

        TellSettled(settled);
    }

    private void OnPubComp(ReadOnlySpan<byte> body)
    {
        var pubComp = AckPacket.Decode(PacketType.PubComp, body, ref _propertyScratch, _version);
        var packetId = pubComp.PacketId;
        Settled settled;
        lock (_gate)
        {
            switch (_inFlight.StateOf(packetId))
            {
                case var _ when _freeing > 0 && packetId < _beingFreed.Length && _beingFreed[packetId]:
                    _beingFreed[packetId] = false;
                    _freeing--;
                    return;
                case InFlightState.AwaitsPubComp:
                    // 0x92 means that the broker had completed it before: it has the message.
                    settled = Settle(packetId, _inFlight.ReasonOf(packetId));
                    break;
                case InFlightState.None:
                    // Answers a PUBREL that was for the broker's sake.
                    StrayAcknowledgements++;
                    return;
                default:
                    throw Violation.Protocol($"PUBCOMP for packet identifier {packetId}, which waits for another acknowledgement");
            }
        }

        TellSettled(settled);
    }

    private void OnPubRel(ReadOnlySpan<byte> body)
    {
        var packetId = AckPacket.Decode(PacketType.PubRel, body, ref _propertyScratch, _version).PacketId;
        lock (_gate)
        {
            var known = _deliveries.Release(packetId);
            if (!known) StrayAcknowledgements++;
            Answer(PacketType.PubComp, packetId, known ? MqttReasonCode.Success : MqttReasonCode.PacketIdentifierNotFound);
        }
    }

    /// <summary>A message of QoS 2 arrived.</summary>
    /// <returns>False when it was handed over before.</returns>
    private bool ArrivesForTheFirstTime(ushort packetId, out ushort turn)
    {
        lock (_gate)
        {
            var arrival = _deliveries.ArriveExactlyOnce(packetId, out turn);
            if (arrival == IncomingDeliveries.Arrival.Acknowledged)
                AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), PacketType.PubRec, packetId);
            return arrival == IncomingDeliveries.Arrival.New;
        }
    }

    private void SendPubRel(ushort packetId)
    {
        // One that was not sent again yet on this connection goes out in its turn.
        if (_inFlight.IsSent(packetId)) AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), PacketType.PubRel, packetId);
    }

    private void Answer(PacketType type, ushort packetId, MqttReasonCode reason)
    {
        if (reason == MqttReasonCode.Success || _version == MqttProtocolVersion.V311)
            AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), type, packetId);
        else
            AckPacket.WriteReason(_outgoing.Append(AckPacket.ReasonLength), type, packetId, reason);
    }

    /// <summary>Makes sure that the broker holds nothing under our packet identifiers.</summary>
    /// <returns>False: not yet.</returns>
    private bool IsFreeForExactlyOnce()
    {
        if (!_inherited || !_needsFreeing) return true;
        _needsFreeing = false;
        _freeing = _inFlight.Capacity;
        _beingFreed = new bool[_freeing + 1];
        Array.Fill(_beingFreed, true);
        for (var packetId = 1; packetId <= _freeing; packetId++)
            AckPacket.WriteShort(_outgoing.Append(AckPacket.ShortLength), PacketType.PubRel, (ushort)packetId);
        return false;
    }
}
