namespace Tally.Mqtt.Transports;

/// <summary>
/// Reads as much as there is: a WebSocket reads the header of each frame by itself, and a broker may put each packet into a frame of
/// its own, so that without this each message would cost two reads of the socket.
/// </summary>
internal sealed class ReadAheadStream(Stream inner) : BlockingStream
{
    // About what gathers in a millisecond of a running stream.
    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;

    public override int Read(Span<byte> buffer)
    {
        if (_start == _end)
        {
            if (buffer.Length >= _buffer.Length) return inner.Read(buffer);
            (_start, _end) = (0, 0);
            _end = inner.Read(_buffer);
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
