using System.Buffers;
using System.Text;
using Tally.Contracts;

namespace Tally.Ingest.Storing;

/// <summary>The notices about one batch, kept until their PUBACK because they may have to be published again.</summary>
internal sealed class NoticeBuffer
{
    private readonly ArrayBufferWriter<byte> _bytes = new(4096);
    private readonly List<Notice> _notices = [];

    /// <summary>Notices in it.</summary>
    public int Count => _notices.Count;

    /// <summary>Copies a notice.</summary>
    /// <param name="run">Name of the run, UTF-8: its topic is <c>stored/{run}</c>.</param>
    /// <param name="payload">JSON.</param>
    public void Add(ReadOnlySpan<byte> run, ReadOnlySpan<byte> payload)
    {
        _notices.Add(new Notice(Topics.Stored(Encoding.UTF8.GetString(run)), _bytes.WrittenCount, payload.Length));
        _bytes.Write(payload);
    }

    /// <summary>Topic of a notice.</summary>
    public string TopicOf(int notice) => _notices[notice].Topic;

    /// <summary>A notice.</summary>
    public ReadOnlyMemory<byte> PayloadOf(int notice) => _bytes.WrittenMemory.Slice(_notices[notice].Start, _notices[notice].Length);

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _bytes.ResetWrittenCount();
        _notices.Clear();
    }

    private readonly record struct Notice(string Topic, int Start, int Length);
}
