namespace Tally.Mqtt;

/// <summary>
/// What a session's owner is told. Calls come one at a time, from the connection's own loop: what takes long here delays
/// the connection. An exception from a handler is a defect of the owner and ends <see cref="IMqttClient.RunAsync"/> with it.
/// </summary>
public interface IMqttHandler
{
    /// <summary>CONNACK arrived and said yes; called before any message of this connection.</summary>
    void OnConnected(in MqttConnected connected) { }

    /// <summary>A message arrived. Acknowledge its <see cref="MqttMessage.Delivery"/> when it is taken care of, now or later.</summary>
    void OnMessage(in MqttMessage message) { }

    /// <summary>
    /// All messages of one read were handed over. The socket is not read further until the returned task is done:
    /// this is how an owner holds the broker back. A completed task costs nothing.
    /// </summary>
    ValueTask OnReadCompletedAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>A message given to <see cref="IMqttClient.TryPublish"/> was acknowledged (QoS 1: PUBACK; QoS 2: PUBCOMP, or a failing PUBREC).</summary>
    void OnPublished(long token, MqttReasonCode reason) { }

    /// <summary>
    /// A message given to <see cref="IMqttClient.TryPublish"/> at QoS 1 or 2 will not be acknowledged, because its session
    /// ended. Called in the order of publishing, after <see cref="OnConnected"/> said that no session is present.
    /// </summary>
    void OnReturned(long token) { }

    /// <summary>The connection ended. The client connects again by itself unless it was stopped.</summary>
    void OnDisconnected(in MqttDisconnected disconnected) { }
}

/// <summary>What CONNACK said (3.2).</summary>
/// <param name="Epoch">Number of this connection.</param>
/// <param name="SessionPresent">The broker still has the session: subscriptions and unacknowledged messages live on.</param>
/// <param name="ReceiveMaximum">How many unacknowledged messages the broker takes.</param>
public readonly record struct MqttConnected(int Epoch, bool SessionPresent, ushort ReceiveMaximum);

/// <summary>Why a connection ended.</summary>
/// <param name="Epoch">Number of that connection; 0 when it never came to a CONNACK.</param>
/// <param name="Reason">The broker's or our own reason code; <see cref="MqttReasonCode.UnspecifiedError"/> for a plain closed or broken socket.</param>
/// <param name="Message">One line for a person: what happened and what comes next.</param>
public readonly record struct MqttDisconnected(int Epoch, MqttReasonCode Reason, string Message);
