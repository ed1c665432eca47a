using System.Buffers;

namespace Tally.Ingest.Storing;

/// <summary>The notices about one batch, kept until their PUBACK because they may have to be published again.</summary>
internal sealed class NoticeBuffer
{
    private readonly ArrayBufferWriter<byte> _bytes = new(4096);
    private readonly List<Slice> _notices = [];

    /// <summary>Notices in it.</summary>
    public int Count => _notices.Count;

    /// <summary>Copies a notice.</summary>
    /// <param name="run">Name of the run, UTF-8: its topic is <c>stored/{run}</c>.</param>
    /// <param name="payload">JSON.</param>
    public void Add(ReadOnlySpan<byte> run, ReadOnlySpan<byte> payload)
    {
        var start = _bytes.WrittenCount;
        _bytes.Write("stored/"u8);
        _bytes.Write(run);
        _notices.Add(new Slice(start, "stored/"u8.Length + run.Length, payload.Length));
        _bytes.Write(payload);
    }

    /// <summary>Topic of a notice, UTF-8.</summary>
    public ReadOnlySpan<byte> TopicOf(int notice) => _bytes.WrittenSpan.Slice(_notices[notice].Start, _notices[notice].TopicLength);

    /// <summary>A notice.</summary>
    public ReadOnlySpan<byte> PayloadOf(int notice) =>
        _bytes.WrittenSpan.Slice(_notices[notice].Start + _notices[notice].TopicLength, _notices[notice].PayloadLength);

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _notices.Clear();
    }

    private readonly record struct Slice(int Start, int TopicLength, int PayloadLength);
}
