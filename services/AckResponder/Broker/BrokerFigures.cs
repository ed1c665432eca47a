using System.Buffers.Text;

namespace Tally.AckResponder.Broker;

/// <summary>
/// What the broker says of itself below <c>$SYS/broker</c>, as Mosquitto does: each second, and only what has changed. A number only where it is
/// known. Written on the connection's loop, read by whoever collects.
/// </summary>
internal sealed class BrokerFigures
{
    private const long Unknown = -1;

    private const string DroppedTopic = "$SYS/broker/publish/messages/dropped";
    private const string HeldTopic = "$SYS/broker/store/messages/count";
    private const string HeldBytesTopic = "$SYS/broker/store/messages/bytes";
    private const string RetainedTopic = "$SYS/broker/retained messages/count";

    private long _dropped = Unknown;
    private long _held = Unknown;
    private long _heldBytes = Unknown;
    private long _retained = Unknown;

    /// <summary>What to subscribe to.</summary>
    public static IReadOnlyList<string> Topics { get; } = [DroppedTopic, HeldTopic, HeldBytesTopic, RetainedTopic];

    /// <summary>Messages dropped since the broker's start; null: not known.</summary>
    public long? Dropped => Known(ref _dropped);

    /// <summary>
    /// Messages that wait for a subscriber or its acknowledgement; null: not known. The broker counts retained messages too, of which it has
    /// some fifty of its own, and those that have expired at another time: so it may be off by a few.
    /// </summary>
    public long? Queued => Known(ref _held) is { } held && Known(ref _retained) is { } retained ? Math.Max(0, held - retained) : null;

    /// <summary>Bytes of their payloads, and of retained ones; null: not known.</summary>
    public long? HeldBytes => Known(ref _heldBytes);

    /// <summary>A message on one of <see cref="Topics"/>.</summary>
    public void OnMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload)
    {
        var number = Utf8Parser.TryParse(payload, out long value, out var length) && length == payload.Length ? value : Unknown;
        if (topic.EndsWith("/dropped"u8)) Volatile.Write(ref _dropped, number);
        else if (topic.EndsWith("/store/messages/count"u8)) Volatile.Write(ref _held, number);
        else if (topic.EndsWith("/store/messages/bytes"u8)) Volatile.Write(ref _heldBytes, number);
        else Volatile.Write(ref _retained, number);
    }

    /// <summary>The connection is gone: what it said may be of a broker that is no more.</summary>
    public void Forget()
    {
        Volatile.Write(ref _dropped, Unknown);
        Volatile.Write(ref _held, Unknown);
        Volatile.Write(ref _heldBytes, Unknown);
        Volatile.Write(ref _retained, Unknown);
    }

    private static long? Known(ref long number) => Volatile.Read(ref number) is var value and not Unknown ? value : null;
}
