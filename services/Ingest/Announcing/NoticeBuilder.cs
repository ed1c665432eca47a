using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Ingest.Announcing;

/// <summary>
/// Makes the notices about a batch that was committed: for each run one (more where it would grow too large), in it for each
/// publisher what is stored and what is rejected, and the replies to messages with Correlation Data.
/// </summary>
internal sealed class NoticeBuilder(Catalog catalog) : IDisposable
{
    private readonly NoticeEntries _entries = new(catalog.Foreign);
    private readonly NoticePages _pages = new();

    /// <summary>Fills <see cref="PendingBatch.Notices"/>.</summary>
    public void Build(PendingBatch batch)
    {
        var entries = _entries.Collect(batch);
        _pages.Begin(batch);
        foreach (ref readonly var entry in entries)
        {
            _pages.TurnTo(_entries.RunOf(entry));
            switch (entry.Kind)
            {
                case NoticeEntryKind.Announced:
                    _pages.Announced(_entries.AddressOf(entry), batch.Announced[entry.Index].State);
                    break;
                case NoticeEntryKind.Stored:
                    Add(_entries.AddressOf(entry), batch.Rows.Readings[entry.Index], stored: true);
                    break;
                case NoticeEntryKind.Refused:
                    Add(_entries.AddressOf(entry), batch.Rows.Readings[entry.Index], stored: false);
                    break;
                case NoticeEntryKind.Rejected:
                    var rejection = batch.Rejections[entry.Index];
                    _pages.Range(_entries.AddressOf(entry), rejection.Topic!.Device, rejection.Topic.Metric, rejection.Seq, stored: false);
                    break;
                default:
                    AddReply(batch, _entries.ReplyOf(entry));
                    break;
            }
        }

        _pages.End();
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private void Add(AckAddress to, in Reading reading, bool stored) =>
        _pages.Range(to, reading.Series.Device, reading.Series.Metric, reading.Seq, stored);

    private void AddReply(PendingBatch batch, in NoticeReply reply)
    {
        ReadOnlySpan<byte> device = default, metric = default;
        if (reply.Row >= 0)
        {
            var series = batch.Rows.Readings[reply.Row].Series;
            device = series.Device.Span;
            metric = series.Metric.Span;
        }
        else if (reply.Topic is not null)
        {
            device = reply.Topic.Device.Span;
            metric = reply.Topic.Metric.Span;
        }

        _pages.Reply(reply.To, reply.Message, device, metric, reply.Seq, reply.Reason);
    }
}
