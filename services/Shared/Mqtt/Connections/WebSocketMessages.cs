using System.Net.WebSockets;

namespace Tally.Mqtt.Connections;

/// <summary>
/// The bytes in the binary messages of a WebSocket with the sub-protocol <c>mqtt</c> (6, RFC 6455), in both directions: where one message
/// ends and the next begins means nothing. Blocks.
/// </summary>
internal sealed class WebSocketMessages : BlockingStream
{
    // What is gathered for one write goes out in messages of this size: some gateways end a connection for larger ones.
    private const int MessageSize = 32 * 1024;

    private const string SubProtocol = "mqtt"; // for MQTT 3.1.1 too

    // Servers take no longer requests than this themselves; what is behind a hostile one shall not fill the memory. In kilobytes.
    private const int LongestAnswer = 8;

    private readonly ClientWebSocket _socket = new();
    private readonly HttpMessageInvoker _http;
    private readonly byte[] _received = new byte[MessageSize];
    private readonly byte[] _sent = new byte[MessageSize];

    private WebSocketMessages(Stream wire)
    {
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseProxy = false, UseCookies = false, MaxResponseHeadersLength = LongestAnswer, ConnectCallback = (_, _) => ValueTask.FromResult(wire),
        });
        _socket.Options.AddSubProtocol(SubProtocol);
        _socket.Options.KeepAliveInterval = TimeSpan.Zero; // MQTT looks after silence itself
        _socket.Options.CollectHttpResponseDetails = true;
    }

    /// <summary>Upgrades a connection. TLS, where there is some, is spoken already. Blocks.</summary>
    /// <exception cref="TransportException">It was not granted; says why.</exception>
    public static WebSocketMessages Open(Stream wire, SocketStream socket, BrokerAddress broker, CancellationToken cancellationToken)
    {
        var stream = new WebSocketMessages(wire);
        try
        {
            stream._socket.ConnectAsync(new Uri($"ws://{broker.HostAndPort}{broker.PathAndQuery}"), stream._http, cancellationToken).GetAwaiter().GetResult();
            if (stream._socket.SubProtocol == SubProtocol) return stream;
            throw new TransportException(MqttReasonCode.ProtocolError, $"the WebSocket at {broker.Path} does not speak the sub-protocol '{SubProtocol}': is the path right?");
        }
        catch (Exception error)
        {
            var why = error is WebSocketException ? WhyNot(stream._socket, error, socket, broker) : error;
            stream.Dispose();
            if (ReferenceEquals(why, error)) throw;
            throw why;
        }
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
        var said = string.IsNullOrEmpty(_socket.CloseStatusDescription) ? "" : $": \"{TransportException.Printable(_socket.CloseStatusDescription)}\"";
        throw new IOException($"it closed the WebSocket with {(int)_socket.CloseStatus} {_socket.CloseStatus}{said}");
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (; !buffer.IsEmpty; buffer = buffer[Math.Min(buffer.Length, MessageSize)..])
        {
            var count = Math.Min(buffer.Length, MessageSize);
            buffer[..count].CopyTo(_sent);
            Say(_socket.SendAsync(_sent.AsMemory(0, count), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, CancellationToken.None));
        }
    }

    /// <summary>Says that no more comes (RFC 6455, 5.5.1); reading goes on until the broker says so too.</summary>
    public void CloseSending() => Say(new ValueTask(_socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None)));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _socket.Dispose();
            _http.Dispose();
        }

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

    private static TransportException WhyNot(ClientWebSocket socket, Exception error, SocketStream wire, BrokerAddress broker)
    {
        var otherwise = broker.IsTls ? "Else write mqtts://" : "Else write mqtt://, or, if it is one for TLS, wss:// or mqtts://";
        var isPort = $"is {broker.Port} a port for WebSocket? {otherwise}";
        var (reason, what) = (error.InnerException as HttpRequestException)?.HttpRequestError switch
        {
            _ when wire.First is 0x15 or 0x16 && !broker.IsTls => (MqttReasonCode.ProtocolError, "it answers with TLS: write wss://"),
            _ when (int)socket.HttpStatusCode is not (0 or 101) => Refused(socket, broker),
            HttpRequestError.ConfigurationLimitExceeded => (MqttReasonCode.PacketTooLarge, $"its answer to the upgrade to a WebSocket is longer than {LongestAnswer} kB"),
            HttpRequestError.InvalidResponse => (MqttReasonCode.ProtocolError, $"it does not answer with HTTP; {isPort}"),
            null => (MqttReasonCode.ProtocolError, $"its answer to the upgrade is not that of a WebSocket: {TransportException.Printable(TransportException.Innermost(error))}"),
            _ => (MqttReasonCode.ServerUnavailable, $"it closed the connection instead of answering the upgrade to a WebSocket; {isPort}"),
        };
        return new TransportException(reason, what, error);
    }

    private static (MqttReasonCode Reason, string What) Refused(ClientWebSocket socket, BrokerAddress broker)
    {
        var location = socket.HttpResponseHeaders?.TryGetValue("Location", out var values) == true ? values.FirstOrDefault("") : "";
        var (reason, wayOut) = (int)socket.HttpStatusCode switch
        {
            >= 300 and < 400 => (MqttReasonCode.UseAnotherServer, $": use the address '{TransportException.Printable(location)}'"),
            400 or 426 => (MqttReasonCode.ProtocolError, $": is {broker.Port} a port for WebSocket, and the path right?"),
            401 or 403 or 407 => (MqttReasonCode.NotAuthorized, ": what stands before the broker wants to be satisfied first; user name and password are for the broker and not sent with HTTP"),
            404 or 405 => (MqttReasonCode.UnspecifiedError, ": correct the path (/mqtt without one; write a trailing / for the root)"),
            429 or 503 => (MqttReasonCode.ServerBusy, ""),
            >= 500 => (MqttReasonCode.ServerUnavailable, ": is the broker behind it running?"),
            _ => (MqttReasonCode.UnspecifiedError, ""),
        };
        var name = Enum.IsDefined(socket.HttpStatusCode) ? $" {socket.HttpStatusCode}" : "";
        return (reason, $"it answers {(int)socket.HttpStatusCode}{name} to the upgrade to a WebSocket at {broker.Path}{wayOut}");
    }
}
