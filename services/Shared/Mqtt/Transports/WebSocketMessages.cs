using System.Net.WebSockets;

namespace Tally.Mqtt.Transports;

/// <summary>
/// The bytes in the binary messages of a WebSocket, in both directions: where one message ends and the next begins means nothing
/// (6.0-2). Blocks.
/// </summary>
/// <param name="wire">The stream after the upgrade, blocking in its asynchronous calls too; closed with this one.</param>
internal sealed class WebSocketMessages(Stream wire) : BlockingStream
{
    // What is gathered for one write goes out in messages of this size: some gateways end a connection for larger ones.
    private const int MessageSize = 32 * 1024;

    private readonly WebSocket _socket = WebSocket.CreateFromStream(
        wire,
        // MQTT looks after silence itself.
        new WebSocketCreationOptions { SubProtocol = WebSocketUpgrade.SubProtocol, KeepAliveInterval = TimeSpan.Zero });

    private readonly byte[] _received = new byte[MessageSize];
    private readonly byte[] _sent = new byte[MessageSize];
    private bool _ended;

    public override int Read(Span<byte> buffer)
    {
        while (!_ended)
        {
            var received = Receive(_received.AsMemory(0, Math.Min(buffer.Length, _received.Length)));
            if (received.MessageType == WebSocketMessageType.Text)
                throw new MqttException(MqttReasonCode.ProtocolError, "A WebSocket message of text (6.0-1).");
            if (received.MessageType == WebSocketMessageType.Close) return End();
            if (received.Count == 0) continue; // an empty message
            _received.AsSpan(0, received.Count).CopyTo(buffer);
            return received.Count;
        }

        return 0;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, _sent.Length);
            buffer[..count].CopyTo(_sent);
            buffer = buffer[count..];
            try
            {
                Wait(_socket.SendAsync(_sent.AsMemory(0, count), WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, CancellationToken.None));
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException)
            {
                throw Broken(error);
            }
        }
    }

    /// <summary>Says that no more comes (RFC 6455, 5.5.1); reading goes on until the broker says so too.</summary>
    public void CloseSending()
    {
        try
        {
            Wait(new ValueTask(_socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None)));
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            throw Broken(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _socket.Dispose();
        base.Dispose(disposing);
    }

    private ValueWebSocketReceiveResult Receive(Memory<byte> buffer)
    {
        try
        {
            var receiving = _socket.ReceiveAsync(buffer, CancellationToken.None);
            return receiving.IsCompleted ? receiving.Result : receiving.AsTask().GetAwaiter().GetResult();
        }
        catch (WebSocketException error) when (error.WebSocketErrorCode == WebSocketError.ConnectionClosedPrematurely && error.InnerException is null)
        {
            // Without a word, as TCP ends.
            _ended = true;
            return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Binary, endOfMessage: true);
        }
        catch (WebSocketException error) when (error.WebSocketErrorCode == WebSocketError.Faulted && error.InnerException is null)
        {
            throw new MqttException(MqttReasonCode.ProtocolError, $"A WebSocket frame that is none (RFC 6455, 5): {error.Message}", error);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            throw Broken(error);
        }
    }

    private int End()
    {
        _ended = true;
        var (status, description) = (_socket.CloseStatus, _socket.CloseStatusDescription);
        if (status is null or WebSocketCloseStatus.NormalClosure or WebSocketCloseStatus.Empty) return 0;
        var said = string.IsNullOrEmpty(description) ? "" : $": \"{Printable.Of(description)}\"";
        throw new IOException($"it closed the WebSocket with {(int)status} {status}{said}");
    }

    // The stream below blocks, so nothing is left to wait for, but where a pong of the reading thread holds up the writing one.
    private static void Wait(ValueTask task)
    {
        if (task.IsCompleted) task.GetAwaiter().GetResult();
        else task.AsTask().GetAwaiter().GetResult();
    }

    private static IOException Broken(Exception error)
    {
        if (error.InnerException is TransportException known) return known;
        var innermost = error;
        while (innermost.InnerException is not null) innermost = innermost.InnerException;
        return new IOException(innermost.Message.TrimEnd('.'), error);
    }
}
