using System.Net.Sockets;

namespace Tally.Benchmarks.Pipeline;

/// <summary>
/// A blocking socket to the broker that cuts the byte stream into packets. With a gathering habit it pauses before each read
/// while a stream is running, so that one wake-up takes many packets.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    /// <summary>A read that brought less than this was a trickle: waiting lets more arrive.</summary>
    private const int GatherBelow = 32 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 * 1024];
    private readonly bool _gather;
    private int _start;
    private int _end;

    public RawConnection(string clientId, Uri broker, bool gather)
    {
        _gather = gather;
        _socket.ReceiveTimeout = 30_000;
        _socket.Connect(broker.Host, broker.Port);
        _socket.Send(RawPackets.Connect(clientId, broker));
        var connack = Read(0x20);
        if (connack[1] != 0) throw new InvalidOperationException($"The broker refuses {clientId}: reason 0x{connack[1]:X2}.");
    }

    /// <summary>Sends all bytes.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>Waits for one packet of that type.</summary>
    /// <returns>What stands behind its fixed header.</returns>
    public ReadOnlySpan<byte> Read(byte type)
    {
        ReadOnlySpan<byte> body;
        while (!TryNext(out var header, out body) || (header & 0xF0) != type) Fill();
        return body;
    }

    /// <summary>Reads what there is, at least one byte.</summary>
    public void Fill()
    {
        if (_gather && _end - _start < GatherBelow && _socket.Available < GatherBelow) Thread.Sleep(1);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = _socket.Receive(_buffer.AsSpan(_end));
        if (read == 0) throw new InvalidOperationException("The broker closed the connection.");
        _end += read;
    }

    /// <summary>Takes the next whole packet of what was read.</summary>
    public bool TryNext(out byte header, out ReadOnlySpan<byte> body)
    {
        header = 0;
        body = default;
        int length = 0, at = _start + 1;
        for (var shift = 0; ; shift += 7, at++)
        {
            if (at >= _end) return false;
            length |= (_buffer[at] & 0x7F) << shift;
            if (_buffer[at] < 0x80) break;
        }

        if (at + 1 + length > _end) return false;
        header = _buffer[_start];
        body = _buffer.AsSpan(at + 1, length);
        _start = at + 1 + length;
        return true;
    }

    public void Dispose() => _socket.Dispose();
}
