using MQTTnet.Protocol;

namespace Tally.Mqtt.Session;

/// <summary>
/// What became of each packet identifier of the broker's: which deliveries wait for the owner, and at QoS 2 which wait for
/// PUBREL (4.3.3). The latter is part of the session and outlives a connection (4.4). Each use of an identifier has a turn,
/// which goes with the delivery, so that one acknowledged twice cannot acknowledge the next message under its identifier.
/// </summary>
/// <remarks>Used under the client's lock, but for <see cref="Arrive"/> at QoS 1: of that identifier nobody else can know yet.</remarks>
internal sealed class IncomingDeliveries
{
    private Entry[] _entries = [];
    private int _outstanding;

    /// <summary>What is known of an identifier.</summary>
    internal enum State : byte
    {
        /// <summary>Nothing: a message under it is new.</summary>
        Free,

        /// <summary>QoS 1: its owner has not acknowledged it yet.</summary>
        AtLeastOnce,

        /// <summary>QoS 2: its owner has not acknowledged it yet.</summary>
        HandedOver,

        /// <summary>QoS 2: PUBREC was sent, or is to be sent when the broker sends it again.</summary>
        Acknowledged,
    }

    /// <summary>Those of this connection that count against our Receive Maximum (4.9).</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>A connection begins: what waited at QoS 1 comes again, and what is known of QoS 2 stays with the session.</summary>
    public void Begin(bool sessionPresent)
    {
        foreach (ref var entry in _entries.AsSpan())
        {
            if (entry.State == State.AtLeastOnce || !sessionPresent) Forget(ref entry);
            entry.SeenHere = false;
        }

        _outstanding = 0;
    }

    /// <summary>A message arrives. At QoS 2 it may have been here before.</summary>
    /// <param name="packetId">Packet identifier.</param>
    /// <param name="qos">1 or 2.</param>
    /// <param name="turn">Goes with the delivery.</param>
    /// <returns>What was known before: at QoS 1 it is always to be handed over, at QoS 2 if nothing was.</returns>
    public State Arrive(ushort packetId, MqttQos qos, out ushort turn)
    {
        if (_entries.Length == 0) _entries = new Entry[ushort.MaxValue + 1]; // 256 kB, which a client that only publishes never needs
        ref var entry = ref _entries[packetId];

        // With another QoS the earlier message is over for the broker, which gave its identifier away.
        if (entry.State != State.Free && entry.State == State.AtLeastOnce != (qos == MqttQos.AtLeastOnce)) Forget(ref entry);
        if (!entry.SeenHere) Interlocked.Increment(ref _outstanding);
        entry.SeenHere = true;
        turn = entry.Turn;
        var before = entry.State;
        if (before == State.Free) entry.State = qos == MqttQos.AtLeastOnce ? State.AtLeastOnce : State.HandedOver;
        return before;
    }

    /// <summary>The owner acknowledges a delivery.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="epoch">Number of the open connection; 0: none.</param>
    /// <returns>PUBACK or PUBREC, whichever is to be sent now; 0: neither.</returns>
    public MqttControlPacketType Acknowledge(MqttDelivery delivery, int epoch)
    {
        if (delivery.PacketId >= _entries.Length) return 0;
        ref var entry = ref _entries[delivery.PacketId];
        if (entry.Turn != delivery.Turn) return 0;
        switch (entry.State)
        {
            case State.AtLeastOnce when delivery.Epoch == epoch:
                Forget(ref entry);
                return MqttControlPacketType.PubAck;
            case State.HandedOver:
                // Before the broker has sent it again on this connection, PUBREC would be out of place.
                entry.State = State.Acknowledged;
                return entry.SeenHere && epoch != 0 ? MqttControlPacketType.PubRec : 0;
            default:
                return 0;
        }
    }

    /// <summary>PUBREL: the identifier is free.</summary>
    /// <returns>False when nothing waited for it.</returns>
    public bool Release(ushort packetId)
    {
        if (packetId >= _entries.Length || _entries[packetId].State is not (State.HandedOver or State.Acknowledged)) return false;
        Forget(ref _entries[packetId]);
        return true;
    }

    private void Forget(ref Entry entry)
    {
        if (entry.SeenHere) Interlocked.Decrement(ref _outstanding);
        if (entry.State != State.Free) entry.Turn++;
        (entry.State, entry.SeenHere) = (State.Free, false);
    }

    private struct Entry
    {
        public ushort Turn;
        public State State;
        public bool SeenHere; // it came on this connection
    }
}
