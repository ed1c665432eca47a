using System.Net;
using System.Net.Sockets;

namespace Tally.Mqtt.Connections;

/// <summary>A byte stream to the broker: TCP, with TLS and WebSocket on top where its address says so. Used with blocking calls, from threads of its own (see <see cref="SocketStream"/>).</summary>
internal sealed class Transport : IDisposable
{
    private readonly Socket _socket;
    private readonly Tls? _tls;
    private readonly WebSocketMessages? _webSocket;

    private Transport(Socket socket, SocketStream wire, Tls? tls, WebSocketMessages? webSocket) =>
        (_socket, _tls, _webSocket, Stream) = (socket, tls, webSocket, webSocket ?? tls?.Stream ?? (Stream)wire);

    public Stream Stream { get; }

    /// <summary>Connects to the first of the addresses that answers, up to where MQTT begins. Blocks.</summary>
    /// <exception cref="SocketException">None can be reached.</exception>
    /// <exception cref="TransportException">One can, but TLS or WebSocket fails.</exception>
    /// <exception cref="OperationCanceledException">Given up; <see cref="ConnectStalledException"/> once TCP was connected.</exception>
    public static Transport Open(BrokerAddress broker, MqttTls? options, IPAddress[] addresses, CancellationToken cancellationToken)
    {
        // Packets are gathered before they are written, so holding back small segments would only add delay.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var wire = new SocketStream(socket);
        Tls? tls = null;
        WebSocketMessages? webSocket = null;
        OperationCanceledException givenUp = new(cancellationToken);
        try
        {
            using (cancellationToken.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), socket))
            {
                socket.Connect(addresses, broker.Port);
                if (broker.IsTls)
                {
                    givenUp = new ConnectStalledException(
                        "took the connection but did not finish the TLS handshake", $"Is {broker.Port} a port for TLS? Else write {(broker.IsWebSocket ? "ws" : "mqtt")}://.");
                    tls = Tls.Open(wire, broker, options);
                }

                if (broker.IsWebSocket)
                {
                    givenUp = new ConnectStalledException(
                        "took the connection but did not answer the upgrade to a WebSocket", $"Is {broker.Port} a port for WebSocket? Else write {(broker.IsTls ? "mqtts" : "mqtt")}://.");
                    webSocket = WebSocketMessages.Open(tls?.Stream ?? (Stream)wire, wire, broker, cancellationToken);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            return new Transport(socket, wire, tls, webSocket);
        }
        catch (Exception error)
        {
            // Whatever it is, nobody else closes it.
            webSocket?.Dispose();
            tls?.Dispose();
            socket.Dispose();
            if (cancellationToken.IsCancellationRequested && error is SocketException or IOException or ObjectDisposedException or OperationCanceledException) throw givenUp;
            throw;
        }
    }

    /// <summary>What a failure to read or write was meant to say, where TLS knows more; else the failure itself. For a thread that may read.</summary>
    public Exception Explain(Exception error) => _tls?.Explain(error) ?? error;

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
        _webSocket?.Dispose();
        _tls?.Dispose();
    }
}
