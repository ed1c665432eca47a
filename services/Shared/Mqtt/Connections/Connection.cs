using System.Net;
using System.Net.Sockets;

namespace Tally.Mqtt.Connections;

/// <summary>
/// One connection, from TCP to its end, with what its three loops share. TLS and WebSocket stand on top of TCP where the broker's address
/// says so. Used with blocking calls, from threads of its own (see <see cref="SocketStream"/>).
/// </summary>
internal sealed class Connection : IDisposable
{
    /// <summary>Content types of a TLS record (RFC 8446, 5.1).</summary>
    public const byte TlsAlert = 0x15, TlsHandshake = 0x16;

    private readonly CancellationTokenSource _ending = new(), _aborting = new();
    private readonly TaskCompletionSource<ConnectionEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _toSend = new(false, spinCount: 0);
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }; // packets are gathered before they are written
    private Tls? _tls;
    private WebSocketMessages? _webSocket;
    private volatile bool _finishing;

    private Connection(int maximumPacketSize)
    {
        Input = new PacketBuffer(maximumPacketSize);
        _aborting.Token.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), _socket);
    }

    public Stream Stream { get; private set; } = Stream.Null;
    public PacketBuffer Input { get; }
    public int Epoch { get; set; } // set once CONNACK was seen
    public long ConnectedAt { get; set; } // CONNACK; as those below, in milliseconds of Environment.TickCount64
    public long LastSent { get; set; } = Environment.TickCount64;
    public long LastReceived { get; set; } = Environment.TickCount64;
    public TimeSpan KeepAlive { get; set; } // zero: none
    public bool Paused { get; set; } // the owner holds the broker back: its silence is our own doing
    public CancellationToken Ending => _ending.Token; // loops shall come to their end
    public bool IsAborted => _aborting.IsCancellationRequested; // the socket is closed
    public bool Finishing => _finishing; // nothing is appended any more: the send loop writes what there is and closes
    public Task<ConnectionEnd> Ended => _end.Task;

    /// <summary>Connects to the first of the addresses that answers, up to where MQTT begins. Blocks.</summary>
    /// <exception cref="TransportException">TLS or WebSocket fails.</exception>
    /// <exception cref="TimeoutException">Given up; a clause that names what the broker did not do.</exception>
    public static Connection Open(BrokerAddress broker, MqttClientOptions options, IPAddress[] addresses, CancellationToken cancellationToken)
    {
        var connection = new Connection(options.MaximumPacketSize);
        var missing = "cannot be reached: no answer";
        try
        {
            using (cancellationToken.UnsafeRegister(static socket => ((Socket)socket!).Dispose(), connection._socket))
            {
                connection._socket.Connect(addresses, broker.Port);
                var wire = new SocketStream(connection._socket);
                connection.Stream = wire;
                if (broker.IsTls)
                {
                    missing = $"took the connection but did not finish the TLS handshake (is {broker.Port} a port for TLS?)";
                    connection._tls = new Tls(wire, broker, options.Tls ?? new MqttTls());
                    connection._tls.ShakeHands();
                    connection.Stream = connection._tls.Stream;
                }

                if (broker.IsWebSocket)
                {
                    missing = $"took the connection but did not answer the upgrade to a WebSocket (is {broker.Port} a port for WebSocket?)";
                    connection._webSocket = new WebSocketMessages(connection.Stream);
                    connection._webSocket.Open(wire, broker, cancellationToken);
                    connection.Stream = connection._webSocket;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            return connection;
        }
        catch (Exception error)
        {
            connection.Dispose(); // whatever it is, nobody else does
            if (cancellationToken.IsCancellationRequested && error is SocketException or IOException or ObjectDisposedException or OperationCanceledException) throw new TimeoutException(missing, error);
            throw;
        }
    }

    /// <summary>What is spoken instead of MQTT, by the first bytes that came, and the way out; null: it may well be MQTT.</summary>
    public static string? OtherProtocol(ReadOnlySpan<byte> start) =>
        start.StartsWith("HTTP"u8) ? "It speaks HTTP: if it is a WebSocket, write ws:// or wss://"
        : start is [TlsAlert or TlsHandshake, 0x03, ..] ? "It speaks TLS: write mqtts:// or wss://" : null; // as MQTT a CONNECT, which no broker sends

    /// <summary>What a failure to read or write before CONNACK was meant to say, where TLS knows more; else the failure itself.</summary>
    public Exception Explain(Exception error) => _tls?.Explain(error) ?? error;

    /// <summary>Wakes the send loop.</summary>
    public void Send()
    {
        if (!_toSend.IsSet) _toSend.Set();
    }

    /// <summary>For the send loop: until there is something to send. The signal is taken back before the work is looked at: what was done before <see cref="Send"/> is seen.</summary>
    public void WaitToSend()
    {
        _toSend.Wait();
        _toSend.Reset();
    }

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void End(ConnectionEnd end)
    {
        if (!_end.TrySetResult(end)) return;
        _ending.Cancel();
        Send();
    }

    public void Finish()
    {
        _finishing = true;
        Send();
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

    /// <summary>Closes the socket after that time, from any thread, whatever still wants to be written or read.</summary>
    public void AbortAfter(TimeSpan time)
    {
        if (time == TimeSpan.Zero) _aborting.Cancel();
        else _aborting.CancelAfter(time);
    }

    /// <summary>Once no call is in it any more.</summary>
    public void Dispose()
    {
        foreach (var part in (IDisposable?[])[_socket, _webSocket, _tls, _ending, _aborting, _toSend]) part?.Dispose();
    }
}
