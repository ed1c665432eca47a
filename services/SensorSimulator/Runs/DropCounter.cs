using System.Buffers.Text;

namespace Tally.SensorSimulator.Runs;

/// <summary>
/// How many messages the broker dropped while the run went on, from <c>$SYS/broker/publish/messages/dropped</c>. A number
/// only where it is known.
/// </summary>
/// <remarks>
/// What Mosquitto 2.0.11 does (tried): every tick it sends those counters that changed since the tick before, all together, the
/// uptime first and <c>bytes/sent</c> after the drop counter; the first tick after a start sends them all. They are retained,
/// with an expiry of 60 s: a later subscriber gets a value that changed in the last minute, and else nothing. So
/// <list type="bullet">
/// <item>a retained value at subscription is where counting starts;</item>
/// <item>no value at all, over at least one live tick, means that it did not change: 0;</item>
/// <item>a first live value of 0 means the same, just after the broker's start;</item>
/// <item>a first live value above 0 without a retained one before has moved from where nobody knows: unknown;</item>
/// <item>a connection in between may have been a restart, with which the counter starts again: unknown.</item>
/// </list>
/// A tick is over when <c>bytes/sent</c> arrived, or the next uptime.
/// </remarks>
internal sealed class DropCounter
{
    /// <summary>What to subscribe to, at QoS 0: a lost tick is followed by another.</summary>
    public static readonly IReadOnlyList<string> Filters =
        ["$SYS/broker/publish/messages/dropped", "$SYS/broker/uptime", "$SYS/broker/bytes/sent"];

    private long? _baseline;
    private long? _last;
    private bool _unknown;
    private int _uptimes;
    private bool _waiting;

    /// <summary>At least one live tick arrived after <see cref="BeginFinalTick"/>, whole.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>The broker speaks on these topics at all.</summary>
    public bool HasTicked { get; private set; }

    /// <summary>Messages dropped since the subscription; null when not known.</summary>
    public long? Dropped => _unknown || !IsSettled ? null : _last - _baseline ?? 0;

    /// <summary>There was a connection before this one.</summary>
    public void OnReconnected() => _unknown = true;

    /// <summary>The last acknowledgement is there: what arrives from now on is the final tick.</summary>
    public void BeginFinalTick() => (_waiting, _uptimes) = (true, 0);

    /// <summary>A message on one of <see cref="Filters"/>.</summary>
    public void OnMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, bool retained)
    {
        if (topic.EndsWith("/dropped"u8)) OnValue(payload, retained);
        else if (!retained) OnTick(endOfTick: topic.EndsWith("/bytes/sent"u8));
    }

    private void OnValue(ReadOnlySpan<byte> payload, bool retained)
    {
        if (!Utf8Parser.TryParse(payload, out long value, out var length) || length != payload.Length)
        {
            _unknown = true;
            return;
        }

        if (value < _last || (_baseline is null && !retained && value > 0)) _unknown = true;
        _baseline ??= value;
        _last = value;
    }

    private void OnTick(bool endOfTick)
    {
        HasTicked = true;
        if (!_waiting) return;
        if (!endOfTick) _uptimes++;
        // An end without its beginning belongs to a tick that began before the last acknowledgement.
        if (_uptimes >= 2 || (endOfTick && _uptimes == 1)) IsSettled = true;
    }
}
