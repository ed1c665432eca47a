using Tally.Contracts;

namespace Tally.Storage;

/// <summary>
/// What is committed together: readings, dead letters, announcements and counts. Filled by one thread, then given to
/// <see cref="BatchWriter"/>, then used again; its arrays keep their size, so a warm batch allocates nothing.
/// </summary>
public sealed class ReadingBatch(int capacity)
{
    /// <summary>A message of many megabytes must not keep its memory for ever; batches are cut at about one.</summary>
    private const int MostBytesKept = 4 << 20;

    private Reading[] _readings = new Reading[capacity];
    private MessageSlice[] _messages = new MessageSlice[capacity];
    private byte[] _bytes = new byte[capacity * 128];
    private int _used;

    /// <summary>Readings in it.</summary>
    public int Count { get; private set; }

    /// <summary>Messages in it; a message can hold several readings, or be a dead letter or an announcement.</summary>
    public int MessageCount { get; private set; }

    /// <summary>The readings. <see cref="BatchWriter.WriteAsync"/> leaves them sorted by series, time, run and seq.</summary>
    public Span<Reading> Readings => _readings.AsSpan(0, Count);

    /// <summary>Messages that are kept as dead letters.</summary>
    public List<DeadLetter> DeadLetters { get; } = [];

    /// <summary>Announcements of runs.</summary>
    public List<RunAnnouncement> Announcements { get; } = [];

    /// <summary>
    /// Readings received at the socket, by run, since the counts were last committed. More than the batch holds where an
    /// earlier batch was thrown away.
    /// </summary>
    public Dictionary<Run, long> Received { get; } = [];

    /// <summary>Copies a message, which is kept whole in case its readings end as dead letters.</summary>
    /// <returns>Its number in the batch.</returns>
    public int AddMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload)
    {
        var size = topic.Length + payload.Length;
        if (_used + size > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + size));
        if (MessageCount == _messages.Length) Array.Resize(ref _messages, Math.Max(MessageCount * 2, 1));
        topic.CopyTo(_bytes.AsSpan(_used));
        payload.CopyTo(_bytes.AsSpan(_used + topic.Length));
        _messages[MessageCount] = new MessageSlice(_used, topic.Length, payload.Length);
        _used += size;
        return MessageCount++;
    }

    /// <summary>Topic of a message, UTF-8; valid until the batch is cleared.</summary>
    public ReadOnlyMemory<byte> TopicOf(int message) => _bytes.AsMemory(_messages[message].Start, _messages[message].TopicLength);

    /// <summary>Payload of a message; valid until the batch is cleared.</summary>
    public ReadOnlyMemory<byte> PayloadOf(int message) =>
        _bytes.AsMemory(_messages[message].Start + _messages[message].TopicLength, _messages[message].PayloadLength);

    /// <summary>Adds a reading.</summary>
    public void Add(in Reading reading)
    {
        if (Count == _readings.Length) Array.Resize(ref _readings, Math.Max(Count * 2, 1));
        _readings[Count++] = reading;
    }

    /// <summary>Takes back the readings added after <paramref name="count"/>: a message is stored whole or not at all.</summary>
    public void Truncate(int count)
    {
        _readings.AsSpan(count, Count - count).Clear();
        Count = count;
    }

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        _readings.AsSpan(0, Count).Clear(); // texts and dead runs must not be held on to
        (Count, MessageCount, _used) = (0, 0, 0);
        if (_bytes.Length > MostBytesKept) _bytes = new byte[capacity * 128];
        DeadLetters.Clear();
        Announcements.Clear();
        Received.Clear();
    }

    private readonly record struct MessageSlice(int Start, int TopicLength, int PayloadLength);
}

/// <summary>A message that cannot be stored as readings and is kept whole.</summary>
/// <param name="Message">Its number in the batch.</param>
/// <param name="Reason">Why, in words for the person who will look at it.</param>
/// <param name="Run">Run, where known.</param>
/// <param name="Device">Device, where known; UTF-8 text without NUL.</param>
/// <param name="Metric">Metric, where known; UTF-8 text without NUL.</param>
/// <param name="Seq">Sequence number, where known; else 0.</param>
/// <param name="Source">Name of the source that read it; empty where none reads its topic.</param>
public sealed record DeadLetter(int Message, string Reason, Run? Run, string? Device, string? Metric, long Seq, string Source = "");

/// <summary>What became of a batch.</summary>
/// <param name="Stored">Rows that are new in the store.</param>
/// <param name="Duplicates">Readings that were in the store already, or twice in the batch.</param>
/// <param name="Refused">Readings that PostgreSQL refused, each marked with <see cref="Reading.Refused"/>.</param>
public readonly record struct BatchResult(int Stored, int Duplicates, int Refused);
