using System.Buffers.Binary;
using System.Net.Sockets;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>One connection of a <see cref="HostileBroker"/>.</summary>
internal sealed class HostileConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _packet = new byte[64 * 1024];
    private int _length;

    public HostileConnection(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = _socket.SendTimeout = (int)HostileBroker.Limit.TotalMilliseconds;
    }

    /// <summary>Reason code of the client's DISCONNECT, once it came: 0 where it named none.</summary>
    public int? Farewell { get; private set; }

    /// <summary>Packets that came from the client, by their first four bits.</summary>
    public int[] Received { get; } = new int[16];

    /// <summary>First byte and body of the next packet.</summary>
    /// <exception cref="SocketException">It does not come.</exception>
    /// <exception cref="EndOfStreamException">The client has closed.</exception>
    public (byte First, ReadOnlyMemory<byte> Body) ReadPacket() =>
        TryReadPacket(out var first) ? (first, _packet.AsMemory(0, _length)) : throw new EndOfStreamException("The client closed the connection.");

    /// <summary>The next packet of this type; others are passed over.</summary>
    public ReadOnlyMemory<byte> ReadPacket(int type)
    {
        while (true)
        {
            var (first, body) = ReadPacket();
            if (first >> 4 == type) return body;
        }
    }

    /// <summary>The next PUBLISH; others are passed over.</summary>
    /// <returns>Its packet identifier.</returns>
    public int ReadPublish()
    {
        var body = ReadPacket(3).Span;
        return BinaryPrimitives.ReadUInt16BigEndian(body[(2 + BinaryPrimitives.ReadUInt16BigEndian(body))..]);
    }

    /// <summary>Sends, all at once.</summary>
    /// <returns>False when the client has closed meanwhile.</returns>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty) bytes = bytes[_socket.Send(bytes)..];
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted)
        {
            return false;
        }
    }

    /// <summary>Sends in portions of random size; 1: one byte at a time.</summary>
    public bool Send(ReadOnlySpan<byte> bytes, Dice dice, int largest)
    {
        while (!bytes.IsEmpty)
        {
            var portion = Math.Min(bytes.Length, dice.Between(1, largest));
            if (!Send(bytes[..portion])) return false;
            bytes = bytes[portion..];
        }

        return true;
    }

    /// <summary>Closes the sending direction: the client reads an end, and can still write.</summary>
    public void CloseSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The client was quicker.
        }
    }

    /// <summary>Reads what the client still sends, up to its end; <see cref="Farewell"/> is known then.</summary>
    public void ReadToTheEnd()
    {
        try
        {
            while (TryReadPacket(out _))
            {
                // Counted.
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            // An end too.
        }
    }

    /// <summary>Breaks the connection: the client's next read or write fails.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private bool TryReadPacket(out byte first)
    {
        first = 0;
        if (!TryReadByte(out first)) return false;
        _length = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (!TryReadByte(out var digit)) return false;
            _length |= (digit & 0x7F) << shift;
            if (digit < 0x80) break;
        }

        for (var read = 0; read < _length;)
        {
            var more = _socket.Receive(_packet.AsSpan(read, _length - read));
            if (more == 0) return false;
            read += more;
        }

        Received[first >> 4]++;
        if (first >> 4 == 14) Farewell = _length == 0 ? 0 : _packet[0];
        return true;
    }

    private bool TryReadByte(out byte value)
    {
        Span<byte> one = stackalloc byte[1];
        var read = _socket.Receive(one);
        value = one[0];
        return read == 1;
    }
}
