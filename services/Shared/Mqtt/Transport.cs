using System.Net;
using System.Net.Sockets;

namespace Tally.Mqtt;

/// <summary>
/// A byte stream to the broker. It is used with blocking calls only, from threads of its own: a socket that was ever used
/// asynchronously tells .NET's event loop of every segment that arrives, read or not, and each costs two threads a wake-up.
/// At 20,000 readings a second that was 4,000 wake-ups a second for 360 reads, and half of a service's processor time (seen).
/// </summary>
internal sealed class Transport : IDisposable
{
    private readonly Socket _socket;

    private Transport(Socket socket) => (_socket, Stream) = (socket, new NetworkStream(socket, ownsSocket: true));

    public Stream Stream { get; }

    /// <summary>Connects to the first of the addresses that answers. Blocks.</summary>
    /// <exception cref="SocketException">None can be reached.</exception>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public static Transport Open(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        // Packets are gathered before they are written, so holding back small segments would only add delay.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using (cancellationToken.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), socket)) socket.Connect(addresses, port);
            cancellationToken.ThrowIfCancellationRequested();
            return new Transport(socket);
        }
        catch (Exception error) when (cancellationToken.IsCancellationRequested && error is SocketException or ObjectDisposedException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the sending direction; the receive loop reads on until the broker closes the other.
    /// </summary>
    public void CloseSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends it at once; calls that are blocked in it fail.</summary>
    public void Dispose() => _socket.Dispose();
}
