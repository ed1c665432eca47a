namespace Tally.SensorSimulator.Publishing;

/// <summary>
/// Decides what is published next: the flow control of a run from end to end, and its re-send rule. At most
/// <see cref="WindowOptions.Size"/> sendings, copies included, are without an acknowledgement of the application; that
/// bounds the broker's queue.
/// </summary>
/// <remarks>
/// A reading is sent again under the same identity on evidence of loss:
/// <list type="bullet">
/// <item>the broker no longer has our session (<see cref="OnSessionLost"/>),</item>
/// <item>the broker took it and nobody subscribes (<see cref="OnRefused"/>),</item>
/// <item>one sent later has been acknowledged for longer than <see cref="WindowOptions.OvertakenAfter"/>,</item>
/// <item>a probe sent later came back (<see cref="OnProbeReturned"/>).</item>
/// </list>
/// Without evidence there are only probes: after <see cref="WindowOptions.ProbeAfter"/> of silence the oldest reading goes out
/// again, then after twice that, up to <see cref="WindowOptions.MaxProbeAfter"/>. A fixed time-out would pour a whole window of
/// copies into the queue every few seconds while a database is away.
/// <para>Not thread-safe: its owner takes a lock around each call.</para>
/// </remarks>
internal sealed class Window
{
    /// <summary>Bits of a token that hold the slot; the position is above them. So a window has at most a million slots.</summary>
    private const int SlotBits = 20;

    /// <summary>Largest <see cref="WindowOptions.Size"/>.</summary>
    public const int MaxSize = 1 << SlotBits;

    private readonly WindowOptions _options;
    private readonly TimeProvider _time;
    private readonly OpenReadings _open;
    private readonly Refusal _refusal;
    private readonly Overtaking _overtaking;
    private long _position;
    private long _quietSince;
    private long _probeToken;
    private TimeSpan _probeWait;
    private (long QuietSince, TimeSpan Wait) _beforeProbe;

    public Window(long expected, WindowOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(expected);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Size, MaxSize);
        Expected = expected;
        _options = options;
        _time = time;
        _open = new OpenReadings(options.Size);
        _refusal = new Refusal(options, time);
        _overtaking = new Overtaking(options, time);
        _probeWait = options.ProbeAfter;
        _quietSince = ProgressAt = time.GetTimestamp();
        Stored = new IndexSet(expected);
        Rejected = new IndexSet(expected);
    }

    /// <summary>Readings of the run.</summary>
    public long Expected { get; }

    /// <summary>Different readings sent so far: the first that many of the run.</summary>
    public long Published { get; private set; }

    /// <summary>Readings acknowledged as stored.</summary>
    public IndexSet Stored { get; }

    /// <summary>Readings acknowledged as rejected.</summary>
    public IndexSet Rejected { get; }

    /// <summary>Readings acknowledged, one way or the other.</summary>
    public long Acknowledged => Published - _open.Count;

    /// <summary>Sendings that count against the window.</summary>
    public int Outstanding => _open.Count + Probing;

    /// <summary>Probes on their way beside the readings that they copy.</summary>
    public int Probing { get; private set; }

    /// <summary>Copies sent in all, probes included.</summary>
    public long Resent { get; private set; }

    /// <summary>Of those, probes.</summary>
    public long Probes { get; private set; }

    /// <summary>The broker says that nobody takes the readings. May be read without the lock: it is asked again soon.</summary>
    public bool IsRefused => _refusal.IsRefused;

    /// <summary>All of the run is sent and acknowledged.</summary>
    public bool IsComplete => Published == Expected && _open.Count == 0;

    /// <summary>Timestamp of the last acknowledgement that brought something new, or of the first sending after everything was acknowledged.</summary>
    public long ProgressAt { get; private set; }

    /// <summary>From the first sending of each reading to its acknowledgement.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Chooses what to send and counts it as sent.</summary>
    /// <param name="allowNew">Whether a reading may be sent for the first time now; a rate may say no.</param>
    /// <param name="next">What to send.</param>
    /// <returns>False when there is nothing to send now.</returns>
    public bool TryNext(bool allowNew, out Publication next)
    {
        next = default;
        if (!_refusal.Allows()) return false;

        if (_open.Lost.First is var lost and not OpenReadings.None) next = SendAgain(lost);
        else if (_open.Sent.First is var oldest and not OpenReadings.None && ProbeIsDue()) next = Probe(oldest);
        else if (allowNew && Published < Expected && Outstanding < _options.Size) next = SendFirst();
        else return false;

        _refusal.OnSent(next.Token);
        return true;
    }

    /// <summary>The client had no room for what <see cref="TryNext"/> chose last: as if it had not been chosen.</summary>
    public void Withdraw(in Publication publication)
    {
        _refusal.OnWithdrawn(publication.Token);
        var slot = _open.Find(publication.Index);
        if (slot == OpenReadings.None) return; // acknowledged meanwhile: an earlier sending had not been lost
        switch (publication.Kind)
        {
            case PublicationKind.First:
                _open.Remove(slot);
                Published--;
                break;
            case PublicationKind.Again:
                _open.PutBack(slot);
                Resent--;
                break;
            default:
                Probing -= Math.Min(1, _open[slot].Copies);
                _open[slot].Copies = Math.Max(0, _open[slot].Copies - 1);
                Probes--;
                Resent--;
                (_quietSince, _probeWait) = _beforeProbe; // still due: nothing was sent that silence could be counted from
                break;
        }
    }

    /// <summary>The broker took a sending (PUBACK), and somebody subscribes.</summary>
    public void OnAccepted() => _refusal.OnAccepted();

    /// <summary>The broker says that a sending reached nobody (PUBACK with 0x10), or that it will not have it now.</summary>
    public void OnRefused(long token)
    {
        _refusal.OnRefused(token);
        var slot = (int)(token & (MaxSize - 1));
        if (slot >= _options.Size || _open[slot].IsLost) return;

        // A later sending of the same slot is another matter; but a refused probe says that its original is gone too,
        // because a subscriber that is away would keep its queue.
        if (token == TokenOf(_open[slot].Position, slot) || (token == _probeToken && _open[slot].Copies > 0)) Lose(slot);
    }

    /// <summary>The broker has no memory of our session: everything open may be gone.</summary>
    public void OnSessionLost()
    {
        while (_open.Sent.First is var slot and not OpenReadings.None) Lose(slot);
        _refusal.OnSessionLost();
    }

    /// <summary>The application acknowledged a reading.</summary>
    /// <returns>False when that was known already, or no such reading was sent.</returns>
    public bool OnAcknowledged(long index, bool stored)
    {
        if ((ulong)index >= (ulong)Published) return false;
        if (!(stored ? Stored : Rejected).Add(index)) return false;

        var slot = _open.Find(index);
        if (slot == OpenReadings.None) return true; // now both stored and rejected; the ledger says so

        ref var reading = ref _open[slot];
        ProgressAt = _quietSince = _time.GetTimestamp();
        _probeWait = _options.ProbeAfter;
        var latency = _time.GetElapsedTime(reading.FirstSentAt, ProgressAt);
        Latency.Record(latency);
        if (SimulatorTelemetry.PublishToAcknowledged.Enabled) SimulatorTelemetry.PublishToAcknowledged.Record(latency.TotalSeconds);
        if (!reading.IsLost) _overtaking.OnAcknowledged(reading.Position);
        Probing -= reading.Copies;
        _open.Remove(slot);
        return true;
    }

    /// <summary>
    /// The answer to a probe arrived; not to the reading's first sending, which may come back at any time and says nothing
    /// about those behind it. What was sent before that probe and is still open is lost.
    /// </summary>
    /// <param name="position">The probe's position.</param>
    public void OnProbeReturned(long position)
    {
        if (position <= _position) LoseBefore(position);
    }

    /// <summary>Looks whether what is open has been overtaken. To be called every now and then.</summary>
    public void Tick() => LoseBefore(_overtaking.Before());

    /// <summary>Whether a published reading waits for its acknowledgement.</summary>
    public bool IsOpen(long index) => index < Published && _open.Find(index) != OpenReadings.None;

    private static long TokenOf(long position, int slot) => (position << SlotBits) | (uint)slot;

    private Publication SendFirst()
    {
        var now = _time.GetTimestamp();
        if (_open.Count == 0) ProgressAt = _quietSince = now;
        var slot = _open.Add(Published, ++_position, now);
        return new Publication(Published++, _position, TokenOf(_position, slot), PublicationKind.First);
    }

    private Publication SendAgain(int slot)
    {
        _open.Resend(slot, ++_position);
        Resent++;
        // What is sent again needs its time to come back too.
        _quietSince = _time.GetTimestamp();
        _probeWait = _options.ProbeAfter;
        return new Publication(_open[slot].Index, _position, TokenOf(_position, slot), PublicationKind.Again);
    }

    private Publication Probe(int slot)
    {
        _beforeProbe = (_quietSince, _probeWait);
        _quietSince = _time.GetTimestamp();
        _probeWait = _probeWait * 2 < _options.MaxProbeAfter ? _probeWait * 2 : _options.MaxProbeAfter;
        _open[slot].Copies++;
        Probing++;
        Probes++;
        Resent++;
        // The reading keeps its place and position: its first sending may still be on its way.
        _probeToken = TokenOf(++_position, slot);
        return new Publication(_open[slot].Index, _position, _probeToken, PublicationKind.Probe);
    }

    private bool ProbeIsDue() => _time.GetElapsedTime(_quietSince) >= _probeWait;

    /// <summary>With a reading its probes are given up too: what is sent again takes their place in the window.</summary>
    private void Lose(int slot)
    {
        Probing -= _open[slot].Copies;
        _open[slot].Copies = 0;
        _open.Lose(slot);
    }

    private void LoseBefore(long position)
    {
        while (_open.Sent.First is var slot and not OpenReadings.None && _open[slot].Position < position) Lose(slot);
    }
}
