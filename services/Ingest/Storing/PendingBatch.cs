using System.Text;
using Tally.Contracts;
using Tally.Ingest.Receiving;
using Tally.Ingest.Tracing;
using Tally.Mqtt;
using Tally.Storage;

namespace Tally.Ingest.Storing;

/// <summary>
/// Messages on their way from the socket to their PUBACK: what is stored, whom to tell, and what to acknowledge. Filled by the
/// receive loop, then handed from stage to stage, then used again; it keeps its memory.
/// </summary>
internal sealed class PendingBatch(int capacity)
{
    private const int FullBytes = 1 << 20;

    private MqttDelivery[] _deliveries = new MqttDelivery[capacity];
    private Sender[] _senders = new Sender[capacity];
    private byte[] _correlations = new byte[1024];
    private int _correlationBytes;
    private int _messageBytes;
    private Run? _lastReceived;
    private long _lastReceivedCount;

    /// <summary>What the writer commits.</summary>
    public ReadingBatch Rows { get; } = new(capacity);

    /// <summary>Messages that are rejected, for the notice; the writer has them as dead letters.</summary>
    public List<Rejection> Rejections { get; } = [];

    /// <summary>Announcements, for the notice.</summary>
    public List<AnnouncedRun> Announced { get; } = [];

    /// <summary>Spans of those of its messages that are sampled.</summary>
    public BatchTraces Traces { get; } = new();

    /// <summary>The notices about it.</summary>
    public NoticeBuffer Notices { get; } = new();

    /// <summary>Connection that its messages arrived on; one for all of them.</summary>
    public int Epoch { get; private set; }

    /// <summary>When its first message arrived (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long StartedAt { get; private set; }

    /// <summary>
    /// It takes no more: as many readings or messages as it was made for, or a megabyte of them (2,000 messages of the usual
    /// 200 bytes are less than half of that; eight batches of large ones stay far below what the process may use).
    /// </summary>
    public bool IsFull => Rows.Count >= capacity || MessageCount >= capacity || _messageBytes >= FullBytes;

    /// <summary>Messages in it.</summary>
    public int MessageCount => Rows.MessageCount;

    /// <summary>Some of its messages want their Correlation Data back.</summary>
    public bool HasCorrelations => _correlationBytes > 0;

    /// <summary>What to acknowledge, in the order of arrival.</summary>
    public ReadOnlySpan<MqttDelivery> Deliveries => _deliveries.AsSpan(0, MessageCount);

    /// <summary>Takes a message, before it is read.</summary>
    /// <returns>Its number.</returns>
    public int AddMessage(in MqttMessage message, long now)
    {
        if (MessageCount == 0) (Epoch, StartedAt) = (message.Delivery.Epoch, now);
        var number = Rows.AddMessage(message.Topic, message.Payload);
        if (number == _deliveries.Length)
        {
            Array.Resize(ref _deliveries, number * 2);
            Array.Resize(ref _senders, number * 2);
        }

        _messageBytes += message.Topic.Length + message.Payload.Length + (message.Packet.CorrelationData?.Length ?? 0);
        _deliveries[number] = message.Delivery;
        _senders[number] = default;
        return number;
    }

    /// <summary>Notes whom to tell about a message; null: nobody.</summary>
    public void TellAbout(int message, AckAddress? address, ReadOnlySpan<byte> correlation)
    {
        if (correlation.IsEmpty || address is null)
        {
            _senders[message] = new Sender(address, 0, 0);
            return;
        }

        if (_correlationBytes + correlation.Length > _correlations.Length)
            Array.Resize(ref _correlations, Math.Max(_correlations.Length * 2, _correlationBytes + correlation.Length));
        correlation.CopyTo(_correlations.AsSpan(_correlationBytes));
        _senders[message] = new Sender(address, _correlationBytes, correlation.Length);
        _correlationBytes += correlation.Length;
    }

    /// <summary>Whom to tell about a message.</summary>
    public ref readonly Sender SenderOf(int message) => ref _senders[message];

    /// <summary>Correlation Data of a message; empty when it has none.</summary>
    public ReadOnlySpan<byte> CorrelationOf(int message) => _correlations.AsSpan(_senders[message].CorrelationStart, _senders[message].CorrelationLength);

    /// <summary>Counts readings received at the socket.</summary>
    public void CountReceived(Run run, int count)
    {
        if (!ReferenceEquals(run, _lastReceived)) FlushReceived(run);
        _lastReceivedCount += count;
    }

    /// <summary>Rejects a message: it becomes a dead letter.</summary>
    public void Reject(Rejection rejection)
    {
        Rejections.Add(rejection);
        Keep(rejection);
    }

    /// <summary>Keeps a message as a dead letter, of which readings may be stored all the same.</summary>
    public void Keep(Rejection rejection)
    {
        var (route, device, metric) = (rejection.Topic, "", "");
        if (route is not null) (device, metric) = (Encoding.UTF8.GetString(route.Device.Span), Encoding.UTF8.GetString(route.Metric.Span));
        Rows.DeadLetters.Add(new DeadLetter(rejection.Message, rejection.Reason, rejection.Run, device, metric, rejection.Seq, route?.Source.Name ?? ""));
    }

    /// <summary>Nothing is added any more.</summary>
    public void Seal()
    {
        FlushReceived(null);
        IngestTelemetry.Unacknowledged.Add(MessageCount);
    }

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        IngestTelemetry.Unacknowledged.Add(-MessageCount);
        _senders.AsSpan(0, MessageCount).Clear();
        Traces.Clear();
        Rows.Clear();
        Rejections.Clear();
        Announced.Clear();
        Notices.Clear();
        (_correlationBytes, _messageBytes, _lastReceived, _lastReceivedCount, Epoch) = (0, 0, null, 0, 0);
    }

    /// <summary>Readings of one run come in long rows; the dictionary is asked only when the run changes.</summary>
    private void FlushReceived(Run? next)
    {
        if (_lastReceived is not null)
        {
            Rows.Received[_lastReceived] = Rows.Received.GetValueOrDefault(_lastReceived) + _lastReceivedCount;
            IngestTelemetry.Received.Add(_lastReceivedCount);
        }

        (_lastReceived, _lastReceivedCount) = (next, 0);
    }
}

/// <summary>Whom to tell about a message.</summary>
/// <param name="Address">Where; null: nobody.</param>
/// <param name="CorrelationStart">Where its Correlation Data begins.</param>
/// <param name="CorrelationLength">Bytes of Correlation Data; 0 when there is none.</param>
internal readonly record struct Sender(AckAddress? Address, int CorrelationStart, int CorrelationLength);

/// <summary>A message that is rejected.</summary>
/// <param name="Message">Its number in the batch.</param>
/// <param name="Reason">Why.</param>
/// <param name="Topic">Device and metric, where the topic names them.</param>
/// <param name="Run">Run, where the identity is known.</param>
/// <param name="Seq">Sequence number, where the identity is known; else 0.</param>
internal readonly record struct Rejection(int Message, string Reason, TopicRoute? Topic, Run? Run, long Seq);

/// <summary>An announcement that is stored.</summary>
/// <param name="Message">Its number in the batch.</param>
/// <param name="Run">The run.</param>
/// <param name="State">What it announced.</param>
internal readonly record struct AnnouncedRun(int Message, Run Run, RunState State);
