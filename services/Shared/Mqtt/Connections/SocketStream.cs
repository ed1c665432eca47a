using System.Net.Sockets;

namespace Tally.Mqtt.Connections;

/// <summary>
/// A socket as a stream whose calls block, the asynchronous ones too. A socket that was ever used asynchronously tells .NET's event loop of every segment
/// that arrives, read or not, and each costs two threads a wake-up: at 20,000 readings a second that was 4,000 wake-ups a second for 360 reads, and half of
/// a service's processor time (seen). One thread may read while another writes. Reads ahead, since a WebSocket reads the header of each frame by itself.
/// </summary>
internal sealed class SocketStream(Socket connected) : NetworkStream(connected, ownsSocket: true)
{
    private readonly NetworkStream _wire = new(connected); // one derived from it would copy what is written and read
    private readonly byte[] _ahead = new byte[32 * 1024]; // about what gathers in a millisecond of a running stream
    private int _start, _end;

    /// <summary>The first byte that came, from which is seen what the peer speaks; null: nothing has come.</summary>
    public byte? First { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        if (_start == _end)
        {
            if (buffer.Length >= _ahead.Length) return Receive(buffer);
            (_start, _end) = (0, Receive(_ahead));
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _ahead.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => _wire.Write(buffer);

    public override int Read(byte[] buffer, int offset, int size) => Read(buffer.AsSpan(offset, size));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    private int Receive(Span<byte> buffer)
    {
        var count = _wire.Read(buffer);
        if (count > 0) First ??= buffer[0];
        return count;
    }
}
