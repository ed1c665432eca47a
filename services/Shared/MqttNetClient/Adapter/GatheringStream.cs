using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>
/// The TCP connection below MQTTnet, which lets bytes gather in both directions: it reads as much as there is, in a running stream
/// after a moment (<see cref="MqttClientOptions.GatherTime"/>), and writes when it is flushed. MQTTnet reads each packet in two or three
/// pieces and writes it in one or two, and each of them would be a call of the socket and a wake-up at one of its ends. One may
/// read while another writes.
/// </summary>
internal sealed class GatheringStream(Stream socket, TimeSpan gatherTime) : Stream
{
    // What gathers in some milliseconds at 20,000 messages of 150 bytes a second. Larger pieces pass by the buffer.
    private const int BufferSize = 32 * 1024;

    private readonly Gathering _gathering = new(gatherTime);
    private readonly byte[] _ahead = new byte[BufferSize];
    private readonly byte[] _behind = new byte[BufferSize];
    private int _aheadStart;
    private int _aheadEnd;
    private int _behindEnd;
    private int _packets;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A packet was taken out of what was read: from their number it is seen that a stream is running.</summary>
    public void CountPacket() => _packets++;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _aheadStart < _aheadEnd ? ValueTask.FromResult(TakeAhead(buffer.Span)) : ReadSocketAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > BufferSize - _behindEnd) return WriteSocketAsync(buffer, cancellationToken);
        Put(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes what was gathered.</summary>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_behindEnd == 0) return;
        var count = _behindEnd;
        _behindEnd = 0;
        await socket.WriteAsync(_behind.AsMemory(0, count), cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // MQTTnet and SslStream on top of this call the asynchronous ones only.
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) socket.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadSocketAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_gathering.ShouldWait(_aheadEnd, _packets, Environment.TickCount64)) await Task.Delay(gatherTime, cancellationToken);
        _packets = 0;
        (_aheadStart, _aheadEnd) = (0, 0);
        _aheadEnd = await socket.ReadAsync(_ahead, cancellationToken);
        return TakeAhead(buffer.Span);
    }

    private int TakeAhead(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _aheadEnd - _aheadStart);
        _ahead.AsSpan(_aheadStart, count).CopyTo(buffer);
        _aheadStart += count;
        return count;
    }

    private async ValueTask WriteSocketAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        if (buffer.Length > BufferSize) await socket.WriteAsync(buffer, cancellationToken);
        else Put(buffer.Span);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_behind.AsSpan(_behindEnd));
        _behindEnd += bytes.Length;
    }
}
