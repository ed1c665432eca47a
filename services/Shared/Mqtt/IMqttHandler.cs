namespace Tally.Mqtt;

/// <summary>
/// What a session's owner is told. Calls come one at a time, from the connection's own loop: what takes long here delays
/// the connection. An exception from a handler is a defect of the owner and ends <see cref="IMqttClient.RunAsync"/> with it.
/// </summary>
public interface IMqttHandler
{
    /// <summary>CONNACK arrived and said yes; called before any message of this connection.</summary>
    void OnConnected(in MqttConnected connected) { }

    /// <summary>
    /// A message arrived. Acknowledge its <see cref="MqttMessage.Delivery"/> when it is taken care of, now or later. At QoS 1 it comes again on the next
    /// connection if it was not acknowledged on this one; at QoS 2 it comes once in the life of this process and session, over all connections (4.3.3).
    /// </summary>
    void OnMessage(in MqttMessage message) { }

    /// <summary>
    /// All messages of one read were handed over. The socket is not read further until the returned task is done: this is how an owner holds the broker
    /// back. It must not wait for a message that this client publishes: that one's acknowledgement lies behind what is not read.
    /// </summary>
    ValueTask OnReadCompletedAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>A message given to <see cref="IMqttClient.TryPublish"/> was acknowledged (QoS 1: PUBACK; QoS 2: PUBCOMP, or a failing PUBREC).</summary>
    void OnPublished(long token, MqttReasonCode reason) { }

    /// <summary>A message given to <see cref="IMqttClient.TryPublish"/> at QoS 1 or 2 will not be acknowledged, because its session ended. In the order of publishing, after <see cref="OnConnected"/>.</summary>
    void OnReturned(long token) { }

    /// <summary>The connection ended. The client connects again by itself unless it was stopped.</summary>
    void OnDisconnected(in MqttDisconnected disconnected) { }
}

/// <summary>A connection stands.</summary>
/// <param name="Epoch">Number of this connection.</param>
/// <param name="ConnAck">What the broker said (3.2). Where it said nothing its Receive Maximum is 65,535 and its Maximum Packet Size 0; in MQTT 3.1.1 everything is available.</param>
public readonly record struct MqttConnected(int Epoch, MqttConnAckPacket ConnAck)
{
    /// <summary>The broker still has the session: subscriptions and unacknowledged messages live on.</summary>
    public bool SessionPresent => ConnAck.IsSessionPresent;
    /// <summary>Version spoken on this connection: never <see cref="MqttProtocolVersion.Automatic"/>.</summary>
    public MqttProtocolVersion ProtocolVersion { get; init; } = MqttProtocolVersion.V500;
    /// <summary>Client identifier: ours, or the one that the broker assigned (3.2.2.3.7).</summary>
    public string ClientId { get; init; } = "";
    /// <summary>Keep-alive in force, the broker's if it named one (3.2.2.3.14); zero: none.</summary>
    public TimeSpan KeepAlive { get; init; }
}

/// <summary>Why a connection ended.</summary>
/// <param name="Epoch">Number of that connection; 0 when it never came to a CONNACK.</param>
/// <param name="Reason">The broker's or our own reason code; <see cref="MqttReasonCode.UnspecifiedError"/> for a plain closed or broken socket.</param>
/// <param name="Message">One line for a person: what happened and what comes next.</param>
/// <param name="ReasonString">What the broker said for a person (3.14.2.2.3, 3.2.2.3.9); null: nothing.</param>
public readonly record struct MqttDisconnected(int Epoch, MqttReasonCode Reason, string Message, string? ReasonString = null);
