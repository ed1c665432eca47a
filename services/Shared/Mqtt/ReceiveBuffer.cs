using System.Buffers;
using System.IO.Pipelines;

namespace Tally.Mqtt;

/// <summary>What was received and is not taken yet. Filled and emptied by one thread, so nothing in it ever waits.</summary>
internal sealed class ReceiveBuffer : IDisposable
{
    // One read takes at most this much: as much as a gathered stream brings, with reserve.
    private const int ReadSize = 128 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(
        pauseWriterThreshold: 0, // the largest packet is the limit, and it is checked before its body is read
        minimumSegmentSize: ReadSize,
        useSynchronizationContext: false));

    /// <summary>Reads what the stream has, at least one byte. Blocks.</summary>
    /// <returns>Bytes read; 0 at the end of the stream.</returns>
    public int Fill(Stream stream)
    {
        var read = stream.Read(_pipe.Writer.GetSpan(ReadSize / 4));
        if (read == 0) return 0;
        _pipe.Writer.Advance(read);
        var flushed = _pipe.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully) throw new InvalidOperationException("A pipe without a threshold has no reason to wait.");
        return read;
    }

    /// <summary>All that was received and not looked at yet, with what was left of it before; to be followed by <see cref="Take"/>.</summary>
    /// <returns>False when there is nothing new.</returns>
    public bool TryGet(out ReadOnlySequence<byte> content)
    {
        var any = _pipe.Reader.TryRead(out var result);
        content = result.Buffer;
        return any;
    }

    /// <summary>Takes what lies before that position.</summary>
    /// <param name="position">Of the content.</param>
    /// <param name="looked">How far it was looked at: what lies between does not count as new.</param>
    public void Take(SequencePosition position, SequencePosition looked) => _pipe.Reader.AdvanceTo(position, looked);

    public void Dispose()
    {
        _pipe.Writer.Complete();
        _pipe.Reader.Complete();
    }
}
