namespace Tally.Mqtt.Transports;

/// <summary>Remembers the first byte that came: whether the peer speaks TLS at all is seen from it.</summary>
internal sealed class FirstByteStream(Stream inner) : BlockingStream
{
    /// <summary>Null: nothing has come.</summary>
    public byte? First { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        if (First is null && count > 0) First = buffer[0];
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
