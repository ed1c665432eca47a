using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tally.Mqtt.Transports;

/// <summary>Turns an HTTP/1.1 connection into a WebSocket with the sub-protocol <c>mqtt</c> (RFC 6455, 4; MQTT 5, 6).</summary>
internal static class WebSocketUpgrade
{
    /// <summary>Name of the sub-protocol (6.0-4), for MQTT 3.1.1 too.</summary>
    public const string SubProtocol = "mqtt";

    // Servers take no longer requests than this themselves; what is behind a hostile one shall not fill the memory.
    private const int LongestAnswer = 8 * 1024;

    // RFC 6455, 1.3.
    private const string AcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int KeyLength = 16;

    /// <summary>Asks for the upgrade and reads the answer, and nothing behind it. Blocks.</summary>
    /// <exception cref="TransportException">It was not granted; says why.</exception>
    public static void Perform(Stream stream, BrokerAddress broker)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyLength));
        stream.Write(Encoding.ASCII.GetBytes(
            $"GET {broker.PathAndQuery} HTTP/1.1\r\nHost: {broker.HostAndPort}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {SubProtocol}\r\n\r\n"));
        Check(ReadHead(stream, broker), key, broker);
    }

    /// <summary>What the server has to answer to that key (RFC 6455, 4.2.2).</summary>
    public static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + AcceptSuffix)));

    private static string ReadHead(Stream stream, BrokerAddress broker)
    {
        // Byte by byte out of what was read ahead: what follows the head belongs to the WebSocket.
        var head = new byte[LongestAnswer];
        for (var length = 0; length < head.Length;)
        {
            if (!TryReadByte(stream, head.AsSpan(length, 1)))
            {
                throw new TransportException(
                    MqttReasonCode.ServerUnavailable,
                    $"it closed the connection instead of answering the upgrade to a WebSocket; is {broker.Port} a port for WebSocket? {Otherwise(broker)}");
            }

            length++;
            if (length == HttpStart.Length && !head.AsSpan(0, length).SequenceEqual(HttpStart)) throw NotHttp(head[0], broker);
            if (head.AsSpan(0, length).EndsWith("\r\n\r\n"u8)) return Encoding.Latin1.GetString(head, 0, length);
        }

        throw new TransportException(MqttReasonCode.PacketTooLarge, $"its answer to the upgrade to a WebSocket is longer than {LongestAnswer} bytes");
    }

    private static ReadOnlySpan<byte> HttpStart => "HTTP/"u8;

    private static TransportException NotHttp(byte first, BrokerAddress broker) => new(
        MqttReasonCode.ProtocolError,
        first is 0x15 or 0x16 && !broker.IsTls
            ? "it answers with TLS: write wss://"
            : $"it does not answer with HTTP; is {broker.Port} a port for WebSocket? {Otherwise(broker)}");

    private static string Otherwise(BrokerAddress broker) => broker.IsTls ? "Else write mqtts://" : "Else write mqtt://, or, if it is one for TLS, wss:// or mqtts://";

    /// <summary>False: it closed the connection, in an orderly way or not.</summary>
    private static bool TryReadByte(Stream stream, Span<byte> one)
    {
        try
        {
            return stream.Read(one) > 0;
        }
        catch (IOException error) when (error is not TransportException)
        {
            return false;
        }
    }

    private static void Check(string head, string key, BrokerAddress broker)
    {
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var status = lines[0].Split(' ', 3);
        if (status.Length < 2 || !int.TryParse(status[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            throw new TransportException(MqttReasonCode.ProtocolError, $"its answer to the upgrade to a WebSocket begins with '{Printable.Of(lines[0])}'");
        if (code != 101) throw Refused(code, status.Length > 2 ? status[2] : "", Header(lines, "Location"), broker);

        var upgraded = Header(lines, "Upgrade").Equals("websocket", StringComparison.OrdinalIgnoreCase)
            && Header(lines, "Connection").Split(',').Any(option => option.Trim().Equals("upgrade", StringComparison.OrdinalIgnoreCase));
        if (!upgraded || Header(lines, "Sec-WebSocket-Accept") != AcceptOf(key))
            throw new TransportException(MqttReasonCode.ProtocolError, "its answer 101 to the upgrade is not that of a WebSocket (RFC 6455, 4.2.2)");
        var protocol = Header(lines, "Sec-WebSocket-Protocol");
        if (protocol != SubProtocol)
        {
            throw new TransportException(
                MqttReasonCode.ProtocolError,
                $"the WebSocket at {broker.PathAndQuery.Split('?')[0]} speaks {(protocol.Length == 0 ? "no sub-protocol" : $"the sub-protocol '{Printable.Of(protocol)}'")} and not '{SubProtocol}': is the path right?");
        }

        if (Header(lines, "Sec-WebSocket-Extensions") is { Length: > 0 } extensions)
            throw new TransportException(MqttReasonCode.ProtocolError, $"it uses WebSocket extensions that nobody asked for, '{Printable.Of(extensions)}'");
    }

    private static TransportException Refused(int code, string phrase, string location, BrokerAddress broker)
    {
        var (reason, wayOut) = code switch
        {
            >= 300 and < 400 => (MqttReasonCode.UseAnotherServer, $": use the address '{Printable.Of(location)}'"),
            400 or 426 => (MqttReasonCode.ProtocolError, $": is {broker.Port} a port for WebSocket, and the path right?"),
            401 or 403 or 407 => (MqttReasonCode.NotAuthorized, ": what stands before the broker wants to be satisfied first; user name and password are for the broker and not sent with HTTP"),
            404 or 405 => (MqttReasonCode.UnspecifiedError, ": correct the path (/mqtt without one; write a trailing / for the root)"),
            429 or 503 => (MqttReasonCode.ServerBusy, ""),
            >= 500 => (MqttReasonCode.ServerUnavailable, ": is the broker behind it running?"),
            _ => (MqttReasonCode.UnspecifiedError, ""),
        };
        var said = phrase.Length == 0 ? "" : $" {Printable.Of(phrase)}";
        return new TransportException(reason, $"it answers {code}{said} to the upgrade to a WebSocket at {broker.PathAndQuery.Split('?')[0]}{wayOut}");
    }

    private static string Header(string[] lines, string name)
    {
        var values = lines.Skip(1).Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim());
        return string.Join(", ", values);
    }
}
