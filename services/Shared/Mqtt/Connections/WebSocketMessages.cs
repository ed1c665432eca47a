using System.Net.WebSockets;

namespace Tally.Mqtt.Connections;

/// <summary>
/// The bytes in the binary messages of a WebSocket with the sub-protocol <c>mqtt</c> (6, RFC 6455), in both directions: where one message
/// ends and the next begins means nothing. Blocks.
/// </summary>
internal sealed class WebSocketMessages : Stream
{
    private const int MessageSize = 32 * 1024; // some gateways end a connection for larger ones
    private const int LongestAnswer = 8; // kB: as servers take requests; what a hostile one says shall not fill the memory
    private const string SubProtocol = "mqtt"; // for MQTT 3.1.1 too

    private readonly ClientWebSocket _socket = new();
    private readonly HttpMessageInvoker _http;
    private readonly byte[] _received = new byte[MessageSize];
    private readonly byte[] _sent = new byte[MessageSize];

    public WebSocketMessages(Stream wire)
    {
        Stream? once = wire; // it tries again where the server closes the connection instead of answering
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false, UseCookies = false, MaxResponseHeadersLength = LongestAnswer,
            ConnectCallback = (_, _) => ValueTask.FromResult(Interlocked.Exchange(ref once, null) ?? throw new EndOfStreamException()),
        });
        _socket.Options.AddSubProtocol(SubProtocol);
        _socket.Options.KeepAliveInterval = TimeSpan.Zero; // MQTT looks after silence itself
        _socket.Options.CollectHttpResponseDetails = true;
    }

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Upgrades a connection. TLS, where there is some, is spoken already.</summary>
    /// <exception cref="TransportException">It was not granted; says why.</exception>
    public void Open(SocketStream wire, BrokerAddress broker, CancellationToken cancellationToken)
    {
        try
        {
            _socket.ConnectAsync(new Uri($"ws://{broker.HostAndPort}{broker.PathAndQuery}"), _http, cancellationToken).GetAwaiter().GetResult();
        }
        catch (WebSocketException error)
        {
            throw WhyNot(error, wire, broker);
        }

        if (_socket.SubProtocol != SubProtocol)
            throw new TransportException(MqttReasonCode.ProtocolError, $"the WebSocket at {broker.Path} does not speak the sub-protocol '{SubProtocol}': is the path right?");
    }

    public override int Read(Span<byte> buffer)
    {
        while (_socket.State is WebSocketState.Open or WebSocketState.CloseSent)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = Wait(_socket.ReceiveAsync(_received.AsMemory(0, Math.Min(buffer.Length, MessageSize)), CancellationToken.None));
            }
            catch (WebSocketException error) when (error is { WebSocketErrorCode: WebSocketError.ConnectionClosedPrematurely, InnerException: null })
            {
                return 0; // without a word, as TCP ends
            }
            catch (WebSocketException error) when (error is { WebSocketErrorCode: WebSocketError.Faulted, InnerException: null })
            {
                throw new MqttException(MqttReasonCode.ProtocolError, $"A WebSocket frame that is none (RFC 6455, 5): {error.Message}", error);
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException)
            {
                throw new IOException(TransportException.Innermost(error), error);
            }

            if (received.MessageType == WebSocketMessageType.Text) throw new MqttException(MqttReasonCode.ProtocolError, "A WebSocket message of text (6.0-1).");
            if (received.MessageType == WebSocketMessageType.Close) break;
            _received.AsSpan(0, received.Count).CopyTo(buffer);
            if (received.Count > 0) return received.Count; // else an empty message
        }

        if (_socket.CloseStatus is null or WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.Empty) return 0;
        throw new IOException($"it closed the WebSocket with {(int)_socket.CloseStatus} {_socket.CloseStatus}: \"{TransportException.Printable(_socket.CloseStatusDescription ?? "")}\"");
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (var count = 0; !buffer.IsEmpty; buffer = buffer[count..])
        {
            count = Math.Min(buffer.Length, MessageSize);
            buffer[..count].CopyTo(_sent);
            Say(_socket.SendAsync(_sent.AsMemory(0, count), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, CancellationToken.None));
        }
    }

    /// <summary>Says that no more comes (RFC 6455, 5.5.1); reading goes on until the broker says so too.</summary>
    public void CloseSending() => Say(new ValueTask(_socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None)));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { } // nothing is held back
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _socket.Dispose();
        _http.Dispose();
        base.Dispose(disposing);
    }

    // The stream below blocks, so nothing is left to wait for, but where a pong of the reading thread holds up the writing one.
    private static T Wait<T>(ValueTask<T> task) => task.IsCompleted ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private static void Say(ValueTask sending)
    {
        try
        {
            sending.AsTask().GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            throw new IOException(TransportException.Innermost(error), error);
        }
    }

    private TransportException WhyNot(WebSocketException error, SocketStream wire, BrokerAddress broker)
    {
        var (status, answers) = ((int)_socket.HttpStatusCode, $"it answers {(int)_socket.HttpStatusCode} {_socket.HttpStatusCode} to the upgrade to a WebSocket at {broker.Path}:");
        var isPort = $"is {broker.Port} a port for WebSocket? Else write {(broker.IsTls ? "mqtts://" : "mqtt://, or, if it is one for TLS, wss:// or mqtts://")}";
        var (reason, what) = (error.InnerException as HttpRequestException)?.HttpRequestError switch
        {
            _ when wire.First is Connection.TlsAlert or Connection.TlsHandshake && !broker.IsTls => (MqttReasonCode.ProtocolError, "it answers with TLS: write wss://"),
            _ when status is >= 300 and < 400 && _socket.HttpResponseHeaders?.GetValueOrDefault("Location") is { } location =>
                (MqttReasonCode.UseAnotherServer, $"{answers} use the address '{TransportException.Printable(string.Concat(location))}'"),
            _ when status is 401 or 403 or 407 =>
                (MqttReasonCode.NotAuthorized, $"{answers} what stands before the broker wants to be satisfied first; user name and password are for the broker and not sent with HTTP"),
            _ when status is 429 or >= 500 => (status is 429 or 503 ? MqttReasonCode.ServerBusy : MqttReasonCode.ServerUnavailable, $"{answers} is the broker behind it running?"),
            _ when status is not (0 or 101) => (MqttReasonCode.UnspecifiedError, $"{answers} correct the path (/mqtt without one; write a trailing / for the root), or {isPort}"),
            HttpRequestError.ConfigurationLimitExceeded => (MqttReasonCode.PacketTooLarge, $"its answer to the upgrade to a WebSocket is longer than {LongestAnswer} kB"),
            HttpRequestError.InvalidResponse => (MqttReasonCode.ProtocolError, $"it does not answer with HTTP; {isPort}"),
            null => (MqttReasonCode.ProtocolError, $"its answer to the upgrade is not that of a WebSocket: {TransportException.Innermost(error)}"),
            _ => (MqttReasonCode.ServerUnavailable, $"it closed the connection instead of answering the upgrade to a WebSocket; {isPort}"),
        };
        return new TransportException(reason, what, error);
    }
}
