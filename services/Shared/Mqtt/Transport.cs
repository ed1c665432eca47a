using System.Net.Sockets;

namespace Tally.Mqtt;

/// <summary>A byte stream to the broker that can be closed one direction first.</summary>
internal sealed class Transport(Socket socket, Stream stream) : IAsyncDisposable
{
    public Stream Stream { get; } = stream;

    /// <exception cref="SocketException">The host is not known or cannot be reached.</exception>
    public static async Task<Transport> OpenAsync(BrokerAddress broker, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Packets are gathered before they are written, so holding back small segments would only add delay.
            socket.NoDelay = true;
            await socket.ConnectAsync(broker.Host, broker.Port, cancellationToken);
            return new Transport(socket, new NetworkStream(socket, ownsSocket: true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Closes the sending direction and reads what still comes until the broker closes the other. A socket closed with
    /// unread bytes resets the connection, and a reset may overtake the acknowledgements that were just written.
    /// </summary>
    public async Task CloseGracefullyAsync(CancellationToken cancellationToken)
    {
        socket.Shutdown(SocketShutdown.Send);
        var discarded = new byte[16 * 1024];
        while (await Stream.ReadAsync(discarded, cancellationToken) > 0)
        {
            // Nothing is done with it: the broker delivers it again on the next connection.
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
