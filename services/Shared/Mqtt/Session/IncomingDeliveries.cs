using MQTTnet.Protocol;

namespace Tally.Mqtt.Session;

/// <summary>
/// What became of each packet identifier of the broker's: which deliveries wait for the owner, and at QoS 2 which wait for
/// PUBREL (4.3.3). The latter is part of the session and outlives a connection (4.4). Each use of an identifier has a turn,
/// which goes with the delivery, so that one acknowledged twice cannot acknowledge the next message under its identifier.
/// </summary>
/// <remarks>
/// Used under the client's lock, but for <see cref="ArriveAtLeastOnce"/>: that is called by the receive loop for an
/// identifier that nobody else can know of yet.
/// </remarks>
internal sealed class IncomingDeliveries
{
    // One entry of 16 bits: what it is, whether it came on this connection, and the turn.
    private const int KindMask = 3;
    private const int SeenHere = 4;
    private const int TurnStep = 8;
    private const int TurnShift = 3;

    private const int AtLeastOnce = 1;
    private const int HandedOver = 2;
    private const int Acknowledged = 3;

    private ushort[] _entries = [];
    private int _outstanding;

    /// <summary>What to do with a message of QoS 2.</summary>
    internal enum Arrival
    {
        /// <summary>It is new: hand it over.</summary>
        New,

        /// <summary>It was handed over, and its owner has not acknowledged it yet: wait for that.</summary>
        Waiting,

        /// <summary>It was acknowledged: send PUBREC again.</summary>
        Acknowledged,
    }

    /// <summary>Those of this connection that count against our Receive Maximum (4.9).</summary>
    public int Outstanding => Volatile.Read(ref _outstanding);

    /// <summary>A connection begins: what waited at QoS 1 comes again, and what is known of QoS 2 stays with the session.</summary>
    public void Begin(bool sessionPresent)
    {
        _outstanding = 0;
        foreach (ref var entry in _entries.AsSpan())
        {
            var kind = entry & KindMask;
            if (kind == AtLeastOnce || (kind != 0 && !sessionPresent)) Free(ref entry);
            else entry = (ushort)(entry & ~SeenHere);
        }
    }

    /// <summary>A message of QoS 1.</summary>
    /// <returns>The turn of its delivery.</returns>
    public ushort ArriveAtLeastOnce(ushort packetId)
    {
        ref var entry = ref Entry(packetId);
        var kind = entry & KindMask;
        if (kind != AtLeastOnce)
        {
            // One that waited for PUBREL at QoS 2 is over for the broker, which gives its identifier away.
            if (kind != 0) Forget(ref entry);
            entry |= AtLeastOnce | SeenHere;
            Interlocked.Increment(ref _outstanding);
        }

        return (ushort)(entry >> TurnShift);
    }

    /// <summary>A message of QoS 2, which may have been here before.</summary>
    public Arrival ArriveExactlyOnce(ushort packetId, out ushort turn)
    {
        ref var entry = ref Entry(packetId);
        var kind = entry & KindMask;
        if (kind == AtLeastOnce)
        {
            Forget(ref entry);
            kind = 0;
        }

        if ((entry & SeenHere) == 0) Interlocked.Increment(ref _outstanding);
        entry |= SeenHere;
        if (kind == 0) entry |= HandedOver;
        turn = (ushort)(entry >> TurnShift);
        return kind switch
        {
            0 => Arrival.New,
            HandedOver => Arrival.Waiting,
            _ => Arrival.Acknowledged,
        };
    }

    /// <summary>The owner acknowledges a delivery.</summary>
    /// <param name="delivery">The delivery.</param>
    /// <param name="epoch">Number of the open connection; 0: none.</param>
    /// <returns>PUBACK or PUBREC, whichever is to be sent now; 0: neither.</returns>
    public MqttControlPacketType Acknowledge(MqttDelivery delivery, int epoch)
    {
        if (delivery.PacketId >= _entries.Length) return 0;
        ref var entry = ref _entries[delivery.PacketId];
        if (entry >> TurnShift != delivery.Turn) return 0;
        switch (entry & KindMask)
        {
            case AtLeastOnce when delivery.Epoch == epoch:
                Forget(ref entry);
                return MqttControlPacketType.PubAck;
            case HandedOver:
                // Before the broker has sent it again on this connection, PUBREC would be out of place.
                entry |= Acknowledged;
                return (entry & SeenHere) != 0 && epoch != 0 ? MqttControlPacketType.PubRec : 0;
            default:
                return 0;
        }
    }

    /// <summary>PUBREL: the identifier is free.</summary>
    /// <returns>False when nothing waited for it.</returns>
    public bool Release(ushort packetId)
    {
        if (packetId >= _entries.Length) return false;
        ref var entry = ref _entries[packetId];
        if ((entry & KindMask) is not (HandedOver or Acknowledged)) return false;
        Forget(ref entry);
        return true;
    }

    private void Forget(ref ushort entry)
    {
        if ((entry & SeenHere) != 0) Interlocked.Decrement(ref _outstanding);
        Free(ref entry);
    }

    private static void Free(ref ushort entry) => entry = (ushort)((entry & ~(KindMask | SeenHere)) + TurnStep);

    private ref ushort Entry(ushort packetId)
    {
        // 128 kB, which a client that only publishes never needs.
        if (_entries.Length == 0) _entries = new ushort[ushort.MaxValue + 1];
        return ref _entries[packetId];
    }
}
