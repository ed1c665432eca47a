using MQTTnet.Protocol;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;

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

    private void OnPubRec(ushort packetId, MqttReasonCode reason)
    {
        InFlightMessage settled;
        lock (_gate)
        {
            switch (_inFlight.StateOf(packetId))
            {
                case InFlightState.AwaitsPubAck:
                    throw Violation.Protocol($"PUBREC for packet identifier {packetId}, which waits for PUBACK");
                case InFlightState.None:
                    // 0x92: "not an error during recovery" (3.5.2.1).
                    StrayAcknowledgements++;
                    _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, packetId, MqttReasonCode.PacketIdentifierNotFound));
                    return;
                case var _ when reason >= MqttReasonCode.UnspecifiedError:
                    settled = Settle(packetId);
                    break;
                case var state:
                    if (state == InFlightState.AwaitsPubRec) _inFlight.SetReceived(packetId, reason);

                    // One that was not sent again yet on this connection goes out in its turn.
                    if (_inFlight[packetId].Sent) _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, packetId));
                    return;
            }
        }

        TellSettled(settled, reason);
    }

    private void OnPubComp(ushort packetId)
    {
        InFlightMessage settled;
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
                    settled = Settle(packetId);
                    break;
                case InFlightState.None:
                    // Answers a PUBREL that was for the broker's sake.
                    StrayAcknowledgements++;
                    return;
                default:
                    throw Violation.Protocol($"PUBCOMP for packet identifier {packetId}, which waits for another acknowledgement");
            }
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

    /// <summary>A message of QoS 2 arrived.</summary>
    /// <returns>False when it was handed over before.</returns>
    private bool ArrivesForTheFirstTime(ushort packetId, out ushort turn)
    {
        lock (_gate)
        {
            var arrival = _deliveries.ArriveExactlyOnce(packetId, out turn);
            if (arrival == IncomingDeliveries.Arrival.Acknowledged) _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRec, packetId));
            return arrival == IncomingDeliveries.Arrival.New;
        }
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
        for (var packetId = 1; packetId <= _freeing; packetId++) _outgoing.Append(_encoder.Encode(MqttControlPacketType.PubRel, (ushort)packetId));
        return false;
    }
}
