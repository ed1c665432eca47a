namespace Tally.Mqtt.Session;

/// <summary>
/// What became of each packet identifier of the broker's: which deliveries wait for the owner, and at QoS 2 which wait for
/// PUBREL (4.3.3). The latter is part of the session and outlives a connection (4.4). Each use of an identifier has a turn,
/// which goes with the delivery, so that one acknowledged twice cannot acknowledge the next message under its identifier. Used under
/// the client's lock, but for <see cref="Arrive"/> at QoS 1: of that identifier nobody else can know yet.
/// </summary>
internal sealed class IncomingDeliveries
{
    private Entry[] _entries = [];
    private int _outstanding;

    /// <summary>What is known of an identifier: nothing; at QoS 1 or 2 its owner has not acknowledged it yet; at QoS 2 it has.</summary>
    internal enum State : byte { Free, AtLeastOnce, HandedOver, Acknowledged }

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

    /// <summary>A message of QoS 1 or 2 arrives.</summary>
    /// <returns>What was known before: at QoS 1 it is always to be handed over, at QoS 2 if nothing was. And its turn.</returns>
    public (State Before, ushort Turn) Arrive(ushort packetId, MqttQos qos)
    {
        if (_entries.Length == 0) _entries = new Entry[ushort.MaxValue + 1]; // 256 kB, which a client that only publishes never needs
        ref var entry = ref _entries[packetId];

        // With another QoS the earlier message is over for the broker, which gave its identifier away.
        if (entry.State != State.Free && entry.State == State.AtLeastOnce != (qos == MqttQos.AtLeastOnce)) Forget(ref entry);
        if (!entry.SeenHere) Interlocked.Increment(ref _outstanding);
        entry.SeenHere = true;
        var before = entry.State;
        if (before == State.Free) entry.State = qos == MqttQos.AtLeastOnce ? State.AtLeastOnce : State.HandedOver;
        return (before, entry.Turn);
    }

    /// <summary>The owner acknowledges a delivery, while the connection of that number is open (0: none is).</summary>
    /// <returns>PUBACK or PUBREC, whichever is to be sent now; 0: neither.</returns>
    public MqttControlPacketType Acknowledge(MqttDelivery delivery, int epoch)
    {
        if (delivery.PacketId >= _entries.Length) return 0;
        ref var entry = ref _entries[delivery.PacketId];
        if (entry.Turn != delivery.Turn) return 0;
        if (entry.State == State.AtLeastOnce && delivery.Epoch == epoch)
        {
            Forget(ref entry);
            return MqttControlPacketType.PubAck;
        }

        if (entry.State != State.HandedOver) return 0;
        entry.State = State.Acknowledged;
        return entry.SeenHere && epoch != 0 ? MqttControlPacketType.PubRec : 0; // before the broker has sent it again on this connection it would be out of place
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
