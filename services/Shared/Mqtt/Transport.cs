using System.Net;
using System.Net.Sockets;
using Tally.Mqtt.Transports;

namespace Tally.Mqtt;

/// <summary>
/// A byte stream to the broker: TCP, with TLS and WebSocket on top where its address says so. It is used with blocking calls only,
/// from threads of its own: a socket that was ever used asynchronously tells .NET's event loop of every segment that arrives, read or
/// not, and each costs two threads a wake-up. At 20,000 readings a second that was 4,000 wake-ups a second for 360 reads, and half of
/// a service's processor time (seen).
/// </summary>
internal sealed class Transport : IDisposable
{
    private readonly Socket _socket;
    private readonly WebSocketMessages? _webSocket;

    private Transport(Socket socket, Stream stream) => (_socket, Stream, _webSocket) = (socket, stream, stream as WebSocketMessages);

    public Stream Stream { get; }

    /// <summary>Connects to the first of the addresses that answers, up to where MQTT begins. Blocks.</summary>
    /// <exception cref="SocketException">None can be reached.</exception>
    /// <exception cref="TransportException">One can, but TLS or WebSocket fails.</exception>
    /// <exception cref="OperationCanceledException">Given up; <see cref="ConnectStalledException"/> once TCP was connected.</exception>
    public static Transport Open(BrokerAddress broker, MqttTls? tls, IPAddress[] addresses, CancellationToken cancellationToken)
    {
        // Packets are gathered before they are written, so holding back small segments would only add delay.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        var stage = Stage.Connect;
        try
        {
            using (cancellationToken.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), socket))
            {
                socket.Connect(addresses, broker.Port);
                stream = new NetworkStream(socket, ownsSocket: true);
                if (broker.IsTls)
                {
                    stage = Stage.Handshake;
                    stream = TlsStream.Open(stream, broker, tls);
                }

                if (broker.IsWebSocket)
                {
                    stage = Stage.Upgrade;
                    stream = new ReadAheadStream(stream);
                    WebSocketUpgrade.Perform(stream, broker);
                    stream = new WebSocketMessages(stream);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            return new Transport(socket, stream);
        }
        catch (Exception error)
        {
            // Whatever it is, nobody else closes it.
            stream?.Dispose();
            socket.Dispose();
            if (cancellationToken.IsCancellationRequested && error is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
                throw GivenUp(stage, broker, cancellationToken);
            throw;
        }
    }

    /// <summary>Closes the sending direction; the receive loop reads on until the broker closes the other.</summary>
    public void CloseSending()
    {
        _webSocket?.CloseSending();
        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Reads nothing any more, from any thread: a call that is blocked in reading ends. The broker does not notice.</summary>
    public void StopReading()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has ended by itself, and reading with it.
        }
    }

    /// <summary>Ends it at once, from any thread; calls that are blocked in it fail.</summary>
    public void Abort() => _socket.Dispose();

    /// <summary>Ends it, and frees what belongs to it: once no call is in it any more.</summary>
    public void Dispose()
    {
        Abort();
        Stream.Dispose();
    }

    private static OperationCanceledException GivenUp(Stage stage, BrokerAddress broker, CancellationToken cancellationToken) => stage switch
    {
        Stage.Handshake => new ConnectStalledException(
            "took the connection but did not finish the TLS handshake",
            $"Is {broker.Port} a port for TLS? Else write {(broker.IsWebSocket ? "ws" : "mqtt")}://."),
        Stage.Upgrade => new ConnectStalledException(
            "took the connection but did not answer the upgrade to a WebSocket",
            $"Is {broker.Port} a port for WebSocket? Else write {(broker.IsTls ? "mqtts" : "mqtt")}://."),
        _ => new OperationCanceledException(cancellationToken),
    };

    private enum Stage
    {
        Connect,
        Handshake,
        Upgrade,
    }
}
