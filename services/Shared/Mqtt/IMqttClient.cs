namespace Tally.Mqtt;

/// <summary>
/// One MQTT session, kept alive over as many connections as it takes. Messages arrive at the <see cref="IMqttHandler"/> that the client was made
/// with; it is known before the first connection, so nothing can arrive unheard. All members may be called from any thread.
/// </summary>
public interface IMqttClient : IAsyncDisposable
{
    /// <summary>Number of the current connection, 1 for the first; 0 before the first CONNACK.</summary>
    int Epoch { get; }
    /// <summary>There is a connection, CONNACK said yes and all subscriptions are granted.</summary>
    bool IsReady { get; }

    /// <summary>
    /// Connects and connects again with exponential back-off and jitter until <paramref name="stop"/>, then sends what is buffered and
    /// DISCONNECT (3.14), and returns. One connection attempt at a time, each with a time-out.
    /// </summary>
    /// <exception cref="MqttRefusedException">The broker says no in a way that trying again does not change; names the broker, the user, the reason and the way out.</exception>
    Task RunAsync(CancellationToken stop);

    /// <summary>
    /// Takes a message for sending, if there is room. At QoS 1 and above there is room while fewer messages wait for their acknowledgement than
    /// the smaller of <see cref="MqttClientOptions.PublishWindow"/> and the broker's Receive Maximum (3.2.2.3.3); at any QoS only while the outgoing
    /// buffer is below its limit. What was taken is copied, and sent soon without further calls; several are sent in one write. The token is given back
    /// with <see cref="IMqttHandler.OnPublished"/>, and not looked at.
    /// </summary>
    /// <returns>False when nothing was taken: no room, or no connection.</returns>
    /// <exception cref="MqttException">The message can never be sent (larger than the broker's Maximum Packet Size, QoS not supported, topic invalid).</exception>
    bool TryPublish(in MqttPublication publication, long token);

    /// <summary>Waits until <see cref="TryPublish"/> may succeed.</summary>
    /// <exception cref="MqttException">The client was stopped or refused: there will be no room any more.</exception>
    ValueTask WaitToPublishAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Publishes one message and waits for its acknowledgement (at QoS 0: until it is taken for sending). Waits for room and for a connection,
    /// and looks at payload and properties until then. For messages that are few; not reported to <see cref="IMqttHandler.OnPublished"/>.
    /// </summary>
    /// <returns>The reason code; 0x80 and above mean that the broker refused it, 0x10 that nobody subscribes.</returns>
    /// <exception cref="MqttSessionLostException">The session ended before the acknowledgement: whether the broker has it is not known.</exception>
    ValueTask<MqttReasonCode> PublishAsync(MqttPublication publication, CancellationToken cancellationToken);

    /// <summary>Acknowledges one delivery. See <see cref="Acknowledge(ReadOnlySpan{MqttDelivery})"/>.</summary>
    void Acknowledge(MqttDelivery delivery);

    /// <summary>
    /// Acknowledges deliveries (QoS 1: PUBACK, 3.4; QoS 2: PUBREC, 3.5, the rest being the client's affair), written together. The caller keeps the
    /// order of arrival (4.6.0-2). Those of QoS 0, those acknowledged before and those of QoS 1 from an earlier epoch are passed over. At QoS 2 an
    /// owner must not drop a delivery because its connection is gone: it is not handed over again while its session lives.
    /// </summary>
    void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries);

    /// <summary>
    /// Subscribes to more (3.8), or to the same with other options. Remembered like <see cref="MqttClientOptions.Subscriptions"/>: connections that
    /// find no session subscribe to what is current. Waits for a connection; sent in packets of at most 8 filters, more than which AWS does not take.
    /// </summary>
    /// <returns>One reason code for each filter, in order; 0x80 and above mean that it was refused. Those refused are not remembered.</returns>
    /// <exception cref="ArgumentException">A filter or an option cannot be used; names it and what is allowed.</exception>
    Task<IReadOnlyList<MqttReasonCode>> SubscribeAsync(IReadOnlyList<MqttSubscription> subscriptions, CancellationToken cancellationToken);

    /// <summary>Ends subscriptions (3.10), also those of <see cref="MqttClientOptions.Subscriptions"/>; as <see cref="SubscribeAsync"/>.</summary>
    /// <returns>One reason code for each filter, in order; 0x11 says that there was no such subscription (never in 3.1.1).</returns>
    Task<IReadOnlyList<MqttReasonCode>> UnsubscribeAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken);

    /// <summary>Stops like <see cref="RunAsync"/> does when told to, but with this DISCONNECT (3.14), and waits for it.</summary>
    /// <param name="reason">Success, or <see cref="MqttReasonCode.DisconnectWithWill"/> to have the will published, or any other that a client may send (3.14.2.1).</param>
    /// <param name="sessionExpiry">How long the broker shall keep the session from now on (3.14.2.2.2); zero ends it; null: as it was told on connecting.</param>
    /// <param name="cancellationToken">Gives up waiting; the client stops all the same.</param>
    /// <exception cref="MqttException">There was no connection to say it on.</exception>
    Task DisconnectAsync(MqttReasonCode reason, TimeSpan? sessionExpiry, CancellationToken cancellationToken);
}

/// <summary>Makes clients.</summary>
public interface IMqttClientFactory
{
    /// <summary>Makes one that is not connected yet.</summary>
    /// <exception cref="ArgumentException">An option cannot be used; names it and what is allowed.</exception>
    IMqttClient Create(MqttClientOptions options, IMqttHandler handler);
}

/// <summary>Makes clients of <see cref="MqttClient"/>.</summary>
public sealed class MqttClientFactory(ILoggerFactory? loggers = null) : IMqttClientFactory
{
    /// <inheritdoc/>
    public IMqttClient Create(MqttClientOptions options, IMqttHandler handler) => new MqttClient(options, handler, loggers?.CreateLogger<MqttClient>());
}
