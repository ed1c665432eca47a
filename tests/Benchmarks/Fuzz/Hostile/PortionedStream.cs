namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>Hands bytes over in portions that the sender did not mean: one at a time, or split anywhere.</summary>
internal sealed class PortionedStream(Dice dice) : Stream
{
    private ReadOnlyMemory<byte> _rest;
    private int _largest = 1;

    /// <summary>Begins with other bytes.</summary>
    /// <param name="bytes">What to hand over.</param>
    /// <param name="largest">Largest portion; 1: one byte at a time.</param>
    public void Reset(ReadOnlyMemory<byte> bytes, int largest) => (_rest, _largest) = (bytes, largest);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var portion = Math.Min(Math.Min(dice.Between(1, _largest), _rest.Length), buffer.Length);
        _rest.Span[..portion].CopyTo(buffer);
        _rest = _rest[portion..];
        return portion;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
