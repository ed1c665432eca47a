using System.Runtime.InteropServices;
using Tally.Ingest.Receiving;
using Tally.Ingest.Storing;
using Tally.Storage;

namespace Tally.Ingest.Announcing;

/// <summary>Finds what there is to tell about a batch, and to whom. Used for batch after batch; it keeps its memory.</summary>
internal sealed class NoticeEntries(Run foreign)
{
    private readonly List<NoticeEntry> _entries = [];
    private readonly List<NoticeReply> _replies = [];
    private readonly Dictionary<int, int> _replyOf = []; // by message
    private readonly Ordinals<Run> _runs = new();
    private readonly Ordinals<AckAddress> _addresses = new();

    /// <summary>Run of an entry.</summary>
    public Run RunOf(in NoticeEntry entry) => _runs[entry.Run];

    /// <summary>Address of an entry that is no reply.</summary>
    public AckAddress AddressOf(in NoticeEntry entry) => _addresses[entry.Address];

    /// <summary>A reply.</summary>
    public NoticeReply ReplyOf(in NoticeEntry entry) => _replies[entry.Index];

    /// <summary>Collects the entries of a batch that was committed, in the order of the notices.</summary>
    public ReadOnlySpan<NoticeEntry> Collect(PendingBatch batch)
    {
        _entries.Clear();
        _replies.Clear();
        _replyOf.Clear();
        _runs.Clear();
        _addresses.Clear();
        for (var i = 0; i < batch.Announced.Count; i++) AddAnnouncement(batch, i);
        var readings = batch.Rows.Readings;
        for (var i = 0; i < readings.Length; i++) AddReading(batch, readings[i], i);
        for (var i = 0; i < batch.Rejections.Count; i++) AddRejection(batch, i);

        // One run with one publisher, the usual batch, is in order already; sorting finds that out quickly.
        var entries = CollectionsMarshal.AsSpan(_entries);
        entries.Sort();
        return entries;
    }

    private void AddAnnouncement(PendingBatch batch, int index)
    {
        var announced = batch.Announced[index];
        ref readonly var sender = ref batch.SenderOf(announced.Message);
        if (sender.Address is null) return;
        _entries.Add(new NoticeEntry(_runs.Of(announced.Run), _addresses.Of(sender.Address), NoticeEntryKind.Announced, index));
        if (sender.CorrelationLength > 0) AddReply(announced.Run, new NoticeReply(announced.Message, sender.Address, -1, null, 0, null));
    }

    private void AddReading(PendingBatch batch, in Reading reading, int index)
    {
        ref readonly var sender = ref batch.SenderOf(reading.Message);
        if (sender.Address is null) return;
        if (sender.CorrelationLength == 0)
        {
            var kind = reading.Refused is null ? NoticeEntryKind.Stored : NoticeEntryKind.Refused;
            _entries.Add(new NoticeEntry(_runs.Of(reading.Run), _addresses.Of(sender.Address), kind, index));
        }
        else if (_replyOf.TryGetValue(reading.Message, out var known))
        {
            // One answer for a message of several readings: it names the first, and is good news only if all are stored.
            var reply = _replies[known];
            var first = reading.Seq < reply.Seq ? (Row: index, reading.Seq) : (reply.Row, reply.Seq);
            _replies[known] = reply with { Row = first.Row, Seq = first.Seq, Reason = reply.Reason ?? reading.Refused };
        }
        else
        {
            AddReply(reading.Run, new NoticeReply(reading.Message, sender.Address, index, null, reading.Seq, reading.Refused));
        }
    }

    private void AddRejection(PendingBatch batch, int index)
    {
        var rejection = batch.Rejections[index];
        ref readonly var sender = ref batch.SenderOf(rejection.Message);
        if (sender.Address is null) return;
        var run = rejection.Run ?? foreign;
        if (sender.CorrelationLength > 0)
            AddReply(run, new NoticeReply(rejection.Message, sender.Address, -1, rejection.Topic, rejection.Seq, rejection.Reason));
        else if (rejection is { Run: not null, Topic: not null })
            _entries.Add(new NoticeEntry(_runs.Of(run), _addresses.Of(sender.Address), NoticeEntryKind.Rejected, index));
    }

    private void AddReply(Run run, in NoticeReply reply)
    {
        _replyOf[reply.Message] = _replies.Count;
        _entries.Add(new NoticeEntry(_runs.Of(run), int.MaxValue, NoticeEntryKind.Reply, _replies.Count));
        _replies.Add(reply);
    }
}
