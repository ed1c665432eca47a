using Tally.Contracts;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Ingest.Announcing;

/// <summary>
/// Writes notices: merges neighbouring seqs of one series to ranges, and goes on in another notice about the same run when
/// one has become large.
/// </summary>
internal sealed class NoticePages : IDisposable
{
    /// <summary>
    /// Bytes after which a notice ends: far below the 1 MB that a subscriber may take, although what is counted is an
    /// estimate, and some forty times what 2,000 readings of a hundred devices need.
    /// </summary>
    private const int FullBytes = 256 * 1024;

    /// <summary>Bytes that one byte of a name can take in JSON (\u0001).</summary>
    private const int MostEscaped = 6;

    /// <summary>Names of the properties, brackets and the two numbers of a range.</summary>
    private const int EntryBytes = 100;

    private readonly NoticeWriter _writer = new();
    private PendingBatch _batch = null!; // set by Begin, before anything is written
    private Run? _run;
    private AckAddress? _publisher;
    private RunState _announced;
    private PendingRange _range;
    private int _bytes;
    private bool _open;

    /// <summary>Starts the notices about a batch.</summary>
    public void Begin(PendingBatch batch) => (_batch, _run) = (batch, null);

    /// <summary>What follows is about that run.</summary>
    public void TurnTo(Run run)
    {
        if (ReferenceEquals(run, _run)) return;
        EndPage();
        _run = run;
    }

    /// <summary>An announcement of the run is stored.</summary>
    public void Announced(AckAddress to, RunState state)
    {
        if (ReferenceEquals(to, _publisher) && _announced == state) return;
        if (_announced != RunState.Unannounced) _publisher = null; // one announcement each time a publisher is spoken to
        TurnTo(to);
        _writer.Announced(state);
        _announced = state;
    }

    /// <summary>A reading is stored, or rejected.</summary>
    public void Range(AckAddress to, ReadOnlyMemory<byte> device, ReadOnlyMemory<byte> metric, long seq, bool stored)
    {
        if (_range.Takes(to, device, metric, seq, stored))
        {
            _range.To = Math.Max(_range.To, seq);
            return;
        }

        WriteRange();
        _range = new PendingRange { Address = to, Device = device, Metric = metric, From = seq, To = seq, Stored = stored };
    }

    /// <summary>The answer to a message with Correlation Data.</summary>
    public void Reply(AckAddress to, int message, ReadOnlySpan<byte> device, ReadOnlySpan<byte> metric, long seq, string? reason)
    {
        WriteRange();
        OpenPage();
        _publisher = null;
        var correlation = _batch.CorrelationOf(message);
        var span = _batch.Traces.BeginPublishing(_run!, message);
        _writer.Reply(to.Topic.Span, correlation, reason is null, device, metric, seq, reason, span is null ? null : (span.Id!, span.TraceStateString));
        _bytes += EntryBytes + correlation.Length * 4 / 3 + MostEscaped * (to.Topic.Length + device.Length + metric.Length + (reason?.Length ?? 0));
    }

    /// <summary>Ends the notices about a batch.</summary>
    public void End() => EndPage();

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private void WriteRange()
    {
        if (_range.Address is null) return;
        TurnTo(_range.Address);
        if (_range.Stored) _writer.Stored(_range.Device.Span, _range.Metric.Span, _range.From, _range.To);
        else _writer.Rejected(_range.Device.Span, _range.Metric.Span, _range.From, _range.To);
        _bytes += EntryBytes + MostEscaped * (_range.Device.Length + _range.Metric.Length);
        _range = default;
    }

    private void TurnTo(AckAddress to)
    {
        OpenPage();
        if (ReferenceEquals(to, _publisher)) return;
        _writer.BeginPublisher(to.Topic.Span);
        _batch.Traces.BeginPublishing(_run!, to, _batch, _writer);
        (_publisher, _announced) = (to, RunState.Unannounced);
        _bytes += EntryBytes + MostEscaped * to.Topic.Length;
    }

    private void OpenPage()
    {
        if (_open && _bytes < FullBytes) return;
        ClosePage();
        _writer.Begin(_run!.Name.Span);
        (_open, _bytes) = (true, 0);
    }

    private void EndPage()
    {
        WriteRange();
        ClosePage();
    }

    private void ClosePage()
    {
        if (_open) _batch.Notices.Add(_run!.Name.Span, _writer.End().Span);
        (_open, _publisher, _announced) = (false, null, RunState.Unannounced);
    }

    private struct PendingRange
    {
        public AckAddress? Address;
        public ReadOnlyMemory<byte> Device;
        public ReadOnlyMemory<byte> Metric;
        public long From;
        public long To;
        public bool Stored;

        public readonly bool Takes(AckAddress to, ReadOnlyMemory<byte> device, ReadOnlyMemory<byte> metric, long seq, bool stored) =>
            ReferenceEquals(to, Address) && stored == Stored && seq >= From && seq - 1 <= To
            && device.Span.SequenceEqual(Device.Span) && metric.Span.SequenceEqual(Metric.Span);
    }
}
