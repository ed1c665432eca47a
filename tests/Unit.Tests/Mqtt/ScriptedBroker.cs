using System.Net;
using System.Net.Sockets;
using Tally.Mqtt;
using MQTTnet.Protocol;

namespace Tally.Unit.Tests.Mqtt;

/// <summary>A peer that does what the test says, for what a real broker cannot be made to do.</summary>
internal sealed class ScriptedBroker : IAsyncDisposable
{
    /// <summary>How long a test waits for what has to come.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<ScriptedConnection> _connections = [];

    public ScriptedBroker() => _listener.Start();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Address => new($"mqtt://someone:p%40ss@127.0.0.1:{Port}");

    /// <summary>Options whose times suit a test.</summary>
    public MqttClientOptions Options => new()
    {
        Broker = Address,
        ClientId = "client-1",
        SessionExpiry = TimeSpan.FromMinutes(5),
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(10),
        TakeoverDelay = TimeSpan.FromMilliseconds(20),
        // The scripted peer does not close its side when told goodbye, so this is how long each test takes to end.
        StopTimeout = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>The next TCP connection.</summary>
    public async Task<ScriptedConnection> AcceptAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        var connection = new ScriptedConnection(await _listener.AcceptTcpClientAsync(limit.Token));
        _connections.Add(connection);
        return connection;
    }

    /// <summary>The next connection, up to a CONNACK that says yes.</summary>
    public async Task<ScriptedConnection> AcceptAndWelcomeAsync(CancellationToken cancel, BrokerConnAck? connAck = null)
    {
        var connection = await AcceptAsync(cancel);
        await connection.ExpectAsync(MqttControlPacketType.Connect, cancel);
        await connection.SendAsync(BrokerPackets.ConnAck(connAck ?? new BrokerConnAck()), cancel);
        return connection;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) connection.Close();
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>One connection of a <see cref="ScriptedBroker"/>.</summary>
internal sealed class ScriptedConnection(TcpClient tcp)
{
    private readonly NetworkStream _stream = tcp.GetStream();

    public Task SendAsync(byte[] bytes, CancellationToken cancel) => _stream.WriteAsync(bytes, cancel).AsTask();

    /// <summary>The next packet, whatever it is; fails after a time that only a failing test uses up.</summary>
    public async Task<(MqttControlPacketType Type, byte Flags, byte[] Body)> ReceiveAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ScriptedBroker.Limit);
        return await ReceivePacketAsync(limit.Token);
    }

    private async Task<(MqttControlPacketType Type, byte Flags, byte[] Body)> ReceivePacketAsync(CancellationToken cancel)
    {
        var one = new byte[1];
        await _stream.ReadExactlyAsync(one, cancel);
        var first = one[0];
        var length = 0;
        for (var shift = 0; ; shift += 7)
        {
            await _stream.ReadExactlyAsync(one, cancel);
            length |= (one[0] & 0x7F) << shift;
            if (one[0] < 0x80) break;
        }

        var body = new byte[length];
        await _stream.ReadExactlyAsync(body, cancel);
        return ((MqttControlPacketType)(first >> 4), (byte)(first & 0x0F), body);
    }

    /// <summary>The next packet has to be of this type; its body.</summary>
    public async Task<byte[]> ExpectAsync(MqttControlPacketType type, CancellationToken cancel)
    {
        var packet = await ReceiveAsync(cancel);
        return packet.Type == type ? packet.Body : throw new InvalidOperationException($"Expected {type}, got {packet.Type} {Convert.ToHexString(packet.Body)}");
    }

    /// <summary>The client closes its side without another byte.</summary>
    public async Task ExpectEndAsync(CancellationToken cancel)
    {
        var one = new byte[1];
        if (await _stream.ReadAsync(one, cancel) != 0) throw new InvalidOperationException($"Expected the end, got 0x{one[0]:X2}");
    }

    public void Close() => tcp.Dispose();
}
