using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Shouldly;
using Tally.Mqtt;
using Tally.Testing;
using Xunit;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>TLS and WebSocket with peers that no real broker is.</summary>
public sealed class TransportTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public TransportTests() => _listener.Start();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Theory]
    [InlineData("mqtts", "did not finish the TLS handshake (is {0} a port for TLS?)")]
    [InlineData("wss", "did not finish the TLS handshake (is {0} a port for TLS?)")]
    [InlineData("ws", "did not answer the upgrade to a WebSocket (is {0} a port for WebSocket?)")]
    public async Task A_peer_that_says_nothing_ends_the_attempt_within_its_time(string scheme, string what)
    {
        await using var session = Session(scheme, TimeSpan.FromMilliseconds(200));
        using var peer = await AcceptAsync();
        var address = BrokerAddress.Of(new Uri($"{scheme}://127.0.0.1:{Port}"));
        (await session.Handler.NextAsync(Cancel)).ShouldBe(
            $"disconnected 0 ServerUnavailable: Broker {address} took the connection but {string.Format(CultureInfo.InvariantCulture, what, Port)} within 0.2 s.");

        // And the next one is made.
        using var next = await AcceptAsync();
    }

    [Theory]
    [InlineData("mqtts", "160303")] // the beginning of a record that goes no further
    [InlineData("ws", "48545450")]
    public async Task A_peer_that_stops_in_the_middle_ends_the_attempt_within_its_time(string scheme, string answer)
    {
        await using var session = Session(scheme, TimeSpan.FromMilliseconds(200));
        using var peer = await AcceptAsync();
        await peer.GetStream().WriteAsync(Convert.FromHexString(answer), Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldContain("within 0.2 s.");
    }

    [Fact]
    public async Task A_client_is_stopped_in_the_middle_of_a_handshake()
    {
        await using var session = Session("mqtts", TimeSpan.FromMinutes(1));
        using var peer = await AcceptAsync();
        await session.StopAsync().WaitAsync(ScriptedBroker.Limit, Cancel);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", "UnspecifiedError", "it answers 404 NotFound to the upgrade to a WebSocket at /mqtt: correct the path")]
    [InlineData("HTTP/1.1 401 \r\n\r\n", "NotAuthorized", "it answers 401 Unauthorized to the upgrade")]
    [InlineData("HTTP/1.1 503 Busy\r\n\r\n", "ServerBusy", "it answers 503 ServiceUnavailable")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\n\r\n", "ServerUnavailable", "is the broker behind it running?")]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: wss://other/mqtt\r\n\r\n", "UseAnotherServer", "use the address 'wss://other/mqtt'")]
    [InlineData("HTTP/1.1 200 OK\u0007\r\n\r\n", "UnspecifiedError", "it answers 200 OK to the upgrade")]
    [InlineData("HTTP/1.1 nonsense\r\n\r\n", "ProtocolError", "it does not answer with HTTP")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", "ProtocolError", "it does not answer with HTTP")]
    [InlineData("HTTP/1.1 101 Yes\r\n\r\n", "ProtocolError", "is not that of a WebSocket")]
    [InlineData("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n", "ProtocolError", "is not that of a WebSocket")]
    [InlineData(Granted + "\r\n", "ProtocolError", "does not speak the sub-protocol 'mqtt'")]
    [InlineData(Granted + "Sec-WebSocket-Protocol: mqttv3.1\r\n\r\n", "ProtocolError", "is not that of a WebSocket")]
    [InlineData("", "ServerUnavailable", "it closed the connection instead of answering the upgrade")]
    public async Task An_upgrade_that_is_not_granted_is_told_with_its_reason_and_tried_again(string answer, string reason, string said)
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using (var peer = await AcceptAsync())
        {
            await AnswerAsync(peer, answer);
            peer.Client.Shutdown(SocketShutdown.Send);
            var told = await session.Handler.NextAsync(Cancel);
            told.ShouldStartWith($"disconnected 0 {reason}: Broker ws://127.0.0.1:{Port}/mqtt cannot be used: ");
            told.ShouldContain(said);
            told.ShouldNotContain("p@ss");
        }

        using var next = await AcceptAsync();
    }

    [Fact]
    public async Task An_answer_to_the_upgrade_without_an_end_is_not_read_for_ever()
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, $"HTTP/1.1 101 Yes\r\nX: {new string('x', 9_000)}");
        (await session.Handler.NextAsync(Cancel)).ShouldContain("PacketTooLarge: ");
    }

    [Fact]
    public async Task The_upgrade_asks_for_what_the_address_says_and_keeps_credentials_to_itself()
    {
        await using var session = Session("ws", ScriptedBroker.Limit, "/a/b?c=d");
        using var peer = await AcceptAsync();
        var head = await ReadHeadAsync(peer);
        head.ShouldStartWith($"GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:{Port}\r\n");
        head.ShouldContain("Sec-WebSocket-Protocol: mqtt\r\n");
        head.ShouldNotContain("p@ss");
        head.ShouldNotContain("someone");
    }

    [Fact]
    public async Task A_packet_may_come_in_pieces_and_several_in_one_message_with_pings_between_them()
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, Granted + "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        using var socket = WebSocket.CreateFromStream(peer.GetStream(), new WebSocketCreationOptions { IsServer = true });
        (await ReceiveAsync(socket))[0].ShouldBe((byte)0x10);

        var connAck = BrokerPackets.ConnAck(new BrokerConnAck());
        await SendAsync(socket, connAck.AsMemory(0, 1), end: true);
        await SendAsync(socket, ReadOnlyMemory<byte>.Empty, end: true);
        await SendAsync(socket, connAck.AsMemory(1), end: true);
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("connected 1");

        var two = BrokerPackets.Publish(new BrokerPublish()).Concat(BrokerPackets.Publish(new BrokerPublish())).ToArray();
        await SendAsync(socket, two.AsMemory(0, 5), end: false);
        await peer.GetStream().WriteAsync(new byte[] { 0x89, 0x02, (byte)'h', (byte)'i' }, Cancel); // a ping between fragments
        await SendAsync(socket, two.AsMemory(5), end: true);
        await UntilAsync(() => session.Handler.Deliveries.Count == 2);
    }

    [Fact]
    public async Task A_message_of_text_is_a_protocol_error()
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, Granted + "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        using var socket = WebSocket.CreateFromStream(peer.GetStream(), new WebSocketCreationOptions { IsServer = true });
        await ReceiveAsync(socket);
        await socket.SendAsync("text"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("disconnected 0 ProtocolError: ");
    }

    [Theory]
    [InlineData("F100")] // reserved bits
    [InlineData("8281000000006A")] // masked by the server
    [InlineData("8900FF")] // a ping, and then nonsense
    public async Task A_frame_that_is_none_is_a_protocol_error(string frame)
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, Granted + "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        await peer.GetStream().WriteAsync(Convert.FromHexString(frame + "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldStartWith("disconnected 0 ProtocolError: ");
    }

    [Fact]
    public async Task A_WebSocket_that_is_closed_with_a_reason_says_it()
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, Granted + "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        using var socket = WebSocket.CreateFromStream(peer.GetStream(), new WebSocketCreationOptions { IsServer = true });
        await ReceiveAsync(socket);
        await socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, "not you", Cancel);
        (await session.Handler.NextAsync(Cancel)).ShouldContain("it closed the WebSocket with 1008 PolicyViolation: \"not you\"");
    }

    [Fact]
    public async Task An_orderly_end_says_DISCONNECT_and_closes_the_WebSocket()
    {
        await using var session = Session("ws", ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await AnswerAsync(peer, Granted + "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
        using var socket = WebSocket.CreateFromStream(peer.GetStream(), new WebSocketCreationOptions { IsServer = true });
        await ReceiveAsync(socket);
        await SendAsync(socket, BrokerPackets.ConnAck(new BrokerConnAck()), end: true);
        await session.Handler.NextAsync("connected", Cancel);
        var stopping = session.StopAsync();
        (await ReceiveAsync(socket))[0].ShouldBe((byte)0xE0);
        (await socket.ReceiveAsync(new ArraySegment<byte>(new byte[16]), Cancel)).CloseStatus.ShouldBe(WebSocketCloseStatus.NormalClosure);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        peer.Close();
        await stopping.WaitAsync(ScriptedBroker.Limit, Cancel);
    }

    [Theory]
    [InlineData("mqtts", "HTTP/1.1 400 Bad Request\r\n\r\n", "it does not answer with TLS")]
    [InlineData("mqtts", "", "it closed the connection instead of answering the TLS handshake")]
    [InlineData("mqtts", "\u0015\u0003\u0003\u0000\u0002\u0002\u0046", "it broke off TLS; its log may say why")]
    [InlineData("mqtts", "\u0015\u0003\u0003\u0000\u0002\u0002\u0070", "unrecognized name")]
    [InlineData("mqtts", "\u0015\u0003\u0003\u0000\u0002\u0002\u0050", "internal error")]
    [InlineData("mqtt", "\u0015\u0003\u0001\u0000\u0002\u0002\u0046", "It speaks TLS: write mqtts:// or wss://")]
    [InlineData("mqtt", "HTTP/1.1 400 Bad Request\r\n\r\n", "It speaks HTTP: if it is a WebSocket, write ws:// or wss://")]
    [InlineData("mqtt", "", "write mqtts:// or ws://")]
    [InlineData("ws", "\u0015\u0003\u0001\u0000\u0002\u0002\u0046", "it answers with TLS: write wss://")]
    public async Task A_port_on_which_something_else_is_spoken_is_recognised(string scheme, string answer, string said)
    {
        await using var session = Session(scheme, ScriptedBroker.Limit);
        using var peer = await AcceptAsync();
        await peer.GetStream().ReadExactlyAsync(new byte[1], Cancel);
        await peer.GetStream().WriteAsync(Encoding.Latin1.GetBytes(answer), Cancel);
        peer.Client.Shutdown(SocketShutdown.Send);
        (await session.Handler.NextAsync(Cancel)).ShouldContain(said);
    }

    [Fact]
    public async Task The_handshake_sends_the_server_name_and_the_application_protocols_and_the_certificate()
    {
        using var authority = new TestAuthority("CA");
        var server = authority.Issue("server", "mqtt.example.com");
        var client = authority.Issue("client");
        var tls = new MqttTls
        {
            CaFile = authority.CaFile, ServerName = "mqtt.example.com", CertificateFile = client.Certificate, KeyFile = client.Key,
            AlpnProtocols = ["x-other", "x-amzn-mqtt-ca"],
        };
        await using var session = Session("mqtts", ScriptedBroker.Limit, tls: tls);
        using var peer = await AcceptAsync();
        await using var stream = new SslStream(peer.GetStream());
        string? name = null;
        await stream.AuthenticateAsServerAsync(
            (_, hello, _, _) =>
            {
                name = hello.ServerName;
                return ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    ServerCertificate = X509Certificate2.CreateFromPemFile(server.Certificate, server.Key),
                    ApplicationProtocols = [new SslApplicationProtocol("x-amzn-mqtt-ca")],
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=client",
                });
            },
            null, Cancel);
        name.ShouldBe("mqtt.example.com");
        stream.NegotiatedApplicationProtocol.ToString().ShouldBe("x-amzn-mqtt-ca");
        stream.RemoteCertificate!.Subject.ShouldBe("CN=client");
        var first = new byte[1];
        await stream.ReadExactlyAsync(first, Cancel);
        first[0].ShouldBe((byte)0x10);
    }

    private const string Granted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n";

    private ClientSession Session(string scheme, TimeSpan connectTimeout, string path = "", MqttTls? tls = null)
    {
        var broker = new Uri($"{scheme}://someone:p%40ss@127.0.0.1:{Port}{path}");
        return new ClientSession(new MqttClientOptions
        {
            Broker = broker,
            ClientId = "client-1",
            Tls = tls,
            ConnectTimeout = connectTimeout,
            ReconnectDelay = TimeSpan.FromMilliseconds(1),
            MaxReconnectDelay = TimeSpan.FromMilliseconds(10),
        });
    }

    private async Task<TcpClient> AcceptAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(ScriptedBroker.Limit);
        return await _listener.AcceptTcpClientAsync(limit.Token);
    }

    /// <summary>Answers the upgrade; with the right Sec-WebSocket-Accept where the answer has a place for it.</summary>
    private static async Task AnswerAsync(TcpClient peer, string answer)
    {
        var head = await ReadHeadAsync(peer);
        var key = head.Split("\r\n").Single(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))["Sec-WebSocket-Key: ".Length..];
#pragma warning disable CA5350 // as RFC 6455, 4.2.2 has it
        await peer.GetStream().WriteAsync(Encoding.Latin1.GetBytes(answer.Replace("{accept}", Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))))), Cancel);
    }

    private static async Task<string> ReadHeadAsync(TcpClient peer)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await peer.GetStream().ReadExactlyAsync(one, Cancel);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task<byte[]> ReceiveAsync(WebSocket socket)
    {
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), Cancel);
        received.MessageType.ShouldBe(WebSocketMessageType.Binary);
        return buffer[..received.Count];
    }

    private static Task SendAsync(WebSocket socket, ReadOnlyMemory<byte> bytes, bool end) =>
        socket.SendAsync(bytes, WebSocketMessageType.Binary, end, Cancel).AsTask();

    private static Task UntilAsync(Func<bool> condition) => Eventually.UntilAsync(condition, "both messages to arrive");
}
