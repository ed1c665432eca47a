using Tally.Mqtt;

namespace Tally.Benchmarks.Fuzz.Hostile;

/// <summary>The client under test, connecting again and again to a <see cref="HostileBroker"/>, and what it is told.</summary>
internal sealed class HostileClient : IMqttHandler, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _ended = new(0);
    private MqttDisconnected _end;
    private int _messages;
    private volatile bool _sawTheEnd;

    /// <summary>Client identifier, unlike any other: it stands in every message about this client.</summary>
    public const string Id = "meets-hostile-peer";

    /// <summary>Small enough that random lengths are above it, too.</summary>
    public const int MaximumPacketSize = 64 * 1024;

    public HostileClient(MqttClientOptions options)
    {
        Client = new MqttClient(options, this, null);
        Run = Client.RunAsync(_stop.Token);
    }

    public MqttClient Client { get; }

    /// <summary>Ends when the client is stopped, or refused for good.</summary>
    public Task Run { get; }

    /// <summary>Messages handed over.</summary>
    public int Messages => Volatile.Read(ref _messages);

    /// <summary>The peer's last message was handed over on this connection: everything before was taken.</summary>
    public bool SawTheEnd => _sawTheEnd;

    /// <summary>Options whose times suit a peer that never answers as it should.</summary>
    public static MqttClientOptions Options(Uri broker, MqttProtocolVersion version) => new()
    {
        Broker = broker,
        ProtocolVersion = version,
        ClientId = Id,
        SessionExpiry = TimeSpan.FromMinutes(5),
        MaximumPacketSize = MaximumPacketSize,
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
        MaxReconnectDelay = TimeSpan.FromMilliseconds(2),
        TakeoverDelay = TimeSpan.Zero,
        StopTimeout = TimeSpan.FromMilliseconds(100),
        GatherTime = TimeSpan.Zero,
    };

    /// <summary>Why the next connection, or attempt at one, ended.</summary>
    /// <exception cref="TimeoutException">It does not end.</exception>
    public MqttDisconnected WaitForEnd()
    {
        if (!_ended.Wait(HostileBroker.Limit)) throw new TimeoutException($"Waited {HostileBroker.Limit.TotalSeconds} s for the connection to end");
        return _end;
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _ended.Dispose();
    }

    void IMqttHandler.OnConnected(in MqttConnected connected) => _sawTheEnd = false;

    void IMqttHandler.OnMessage(in MqttMessage message)
    {
        if (message.Topic.SequenceEqual(ValidPackets.LastTopic)) _sawTheEnd = true;
        Interlocked.Increment(ref _messages);
        Client.Acknowledge(message.Delivery);
    }

    void IMqttHandler.OnDisconnected(in MqttDisconnected disconnected)
    {
        _end = disconnected;
        _ended.Release();
    }
}
