using Tally.Mqtt;

namespace Tally.Ingest.Receiving;

/// <summary>
/// Gives readings without run and seq a seq of Ingest's own: unique over lives and instances, because each life gets a
/// number from the database. For the receive loop only.
/// </summary>
/// <remarks>
/// When a connection breaks, the broker delivers again what has no PUBACK, marked as a duplicate and under its old packet
/// identifier (MQTT 5, 4.4), while the first copy may be in a batch already. So each packet identifier's last message is
/// remembered with the seq and the arrival that it got: the copy gets the same, and the store sees a duplicate. What a
/// process stored before it died is not remembered; hence "at least once".
/// </remarks>
internal sealed class ForeignIdentities
{
    /// <summary>A life's number stands above 40 bits of counter: a trillion readings each, and eight million lives.</summary>
    private const int CounterBits = 40;

    private Remembered[]? _byPacketId; // 1.5 MB; made for the first foreign message
    private long _next;

    /// <summary>Starts a life.</summary>
    /// <param name="life">Its number, from 1, never given to another.</param>
    public void Begin(long life) => _next = (life << CounterBits) + 1;

    /// <summary>The session is new: packet identifiers mean nothing any more.</summary>
    public void Forget() => _byPacketId?.AsSpan().Clear();

    /// <summary>Finds the first copy of a message that is delivered again.</summary>
    /// <returns>False when it is new.</returns>
    public bool TryRecall(in MqttMessage message, out long firstSeq, out long arrival)
    {
        (firstSeq, arrival) = (0, 0);
        if (!message.Packet.Dup || message.Delivery.PacketId == 0 || _byPacketId is null) return false;
        var remembered = _byPacketId[message.Delivery.PacketId];
        if (remembered.FirstSeq == 0 || remembered.Hash != Hash(message)) return false;
        (firstSeq, arrival) = (remembered.FirstSeq, remembered.Arrival);
        return true;
    }

    /// <summary>Gives seqs to the readings of a new message.</summary>
    /// <returns>The first of them.</returns>
    public long Take(in MqttMessage message, long arrival, int count)
    {
        var first = _next;
        _next += count;
        if (message.Delivery.PacketId != 0)
        {
            _byPacketId ??= new Remembered[ushort.MaxValue + 1];
            _byPacketId[message.Delivery.PacketId] = new Remembered(Hash(message), first, arrival);
        }

        return first;
    }

    /// <summary>FNV-1a over topic and payload. It only has to tell a few messages under one packet identifier apart.</summary>
    private static ulong Hash(in MqttMessage message)
    {
        var hash = 14_695_981_039_346_656_037;
        foreach (var value in message.Topic) hash = (hash ^ value) * 1_099_511_628_211;
        foreach (var value in message.Payload) hash = (hash ^ value) * 1_099_511_628_211;
        return hash;
    }

    private readonly record struct Remembered(ulong Hash, long FirstSeq, long Arrival);
}
