using MQTTnet;

namespace Tally.Mqtt;

/// <summary>How to connect, and the limits in both directions. Immutable; a client keeps to what it was made with.</summary>
public sealed record MqttClientOptions
{
    /// <summary>Broker: <c>mqtt://[user[:password]@]host[:port]</c>, user and password percent-encoded. Other schemes, ports and path by default: <see cref="MqttAddress"/>.</summary>
    public required Uri Broker { get; init; }
    /// <summary>User name beside the URI; wins over the one in it.</summary>
    public string? UserName { get; init; }
    /// <summary>Password beside the URI; wins over the one in it. Never logged.</summary>
    public string? Password { get; init; }
    /// <summary>Client identifier (3.1.3.1): the name of the session at the broker, used by one process at a time.</summary>
    public required string ClientId { get; init; }
    /// <summary>How long the broker keeps the session after the connection ended (3.1.2.11.2); zero: not at all.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.Zero;
    /// <summary>Begin with a new session and discard the old one (3.1.2.4), on the first connection of this client only.</summary>
    public bool CleanStart { get; init; }
    /// <summary>Version of the protocol to speak (3.1.2.2).</summary>
    public MqttProtocolVersion ProtocolVersion { get; init; } = MqttProtocolVersion.Automatic;
    /// <summary>What the broker publishes when the connection ends without an orderly DISCONNECT (3.1.2.5); null: nothing.</summary>
    public MqttApplicationMessage? Will { get; init; }
    /// <summary>How long the broker waits for the client to come back before publishing the will (3.1.3.2.2), in whole seconds; not longer than the session lives. MQTT 5 only.</summary>
    public TimeSpan WillDelay { get; init; }
    /// <summary>How to speak TLS, for <c>mqtts://</c> and <c>wss://</c>; null: as the system does by default.</summary>
    public MqttTls? Tls { get; init; }
    /// <summary>What to subscribe to. Sent on the first connection and on every one that finds no session present.</summary>
    public IReadOnlyList<MqttSubscription> Subscriptions { get; init; } = [];
    /// <summary>Longest silence between packets (3.1.2.10); 0 switches it off. PINGREQ goes out after that, and the connection ends when no PINGRESP came within it.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);
    /// <summary>Time for TCP, TLS, WebSocket and CONNACK together. A broker that reloads a large persistence file answers late.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>First pause before connecting again; doubles, with jitter, up to <see cref="MaxReconnectDelay"/>.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);
    /// <summary>Longest pause before connecting again.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(10);
    /// <summary>Pause before connecting again once it is clear that another client uses the same identifier: each connecting closes the other's connection. Short: the other may have left, and the session ended with it.</summary>
    public TimeSpan TakeoverDelay { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>How long a stop may take to send what is buffered and DISCONNECT.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Receive Maximum told to the broker (3.1.2.11.3): unacknowledged QoS 1 and 2 messages it may send.</summary>
    public ushort ReceiveMaximum { get; init; } = 65_535;
    /// <summary>Topic Alias Maximum told to the broker (3.1.2.11.5): how many topics it may replace by a number. Zero by default: each may make the client keep a topic of up to 64 kB.</summary>
    public ushort TopicAliasMaximum { get; init; }
    /// <summary>Replace topics by aliases in PUBLISH (3.3.2.3.4), as many as the broker allows, first come first served. Off by default: it pays where few topics make most of the bytes.</summary>
    public bool UseTopicAliases { get; init; }
    /// <summary>Most messages of ours that wait for an acknowledgement at once, whatever the broker allows.</summary>
    public ushort PublishWindow { get; init; } = 10_000;
    /// <summary>Largest packet taken from the broker, in bytes (3.1.2.11.4); a larger one ends the connection with 0x95.</summary>
    public int MaximumPacketSize { get; init; } = 1 << 20;
    /// <summary>How long bytes may gather while a stream is running, before they are read or written; zero: not at all. The first byte after idle always goes at once.</summary>
    public TimeSpan GatherTime { get; init; } = TimeSpan.FromMilliseconds(1);
    /// <summary>Looks at them, and into the files that they name, as making a client does.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and what is allowed.</exception>
    public void Check() => MqttClientOptionsCheck.Check(this);

    /// <summary>Names broker and client identifier only: the rest may hold a password.</summary>
    public override string ToString() => $"{nameof(MqttClientOptions)} {{ Broker = {MqttAddress.Describe(Broker)}, ClientId = {ClientId} }}";
}
