namespace Tally.Mqtt;

// The receive loop: many packets out of each read, handed over where they lie; and PUBACK and PUBREC from us to the broker (3.4, 3.5).
public sealed partial class MqttClient
{
    // Under the lock, but for what it says of itself.
    private readonly IncomingDeliveries _deliveries = new();

    private bool _inHandler, _handed;

    // Topics by alias, from the broker to us (3.3.2.3.4), of the open connection: as many as were told to the broker.
    private byte[]?[] _topics = [];

    /// <summary>Messages that came beyond the Receive Maximum told to the broker, which some exceed. Counted, not punished.</summary>
    public long ReceiveMaximumExceeded { get; private set; }

    /// <inheritdoc/>
    public void Acknowledge(MqttDelivery delivery) => Acknowledge(new ReadOnlySpan<MqttDelivery>(in delivery));

    /// <inheritdoc/>
    public void Acknowledge(ReadOnlySpan<MqttDelivery> deliveries)
    {
        Connection? connection;
        lock (_gate)
        {
            connection = _open;
            var epoch = connection?.Epoch ?? 0;
            var any = false;
            foreach (var delivery in deliveries)
            {
                var type = _deliveries.Acknowledge(delivery, epoch);
                if (type == 0) continue;
                _outgoing.Append(_encoder.Encode(type, delivery.PacketId));
                any = true;
            }

            if (!any) return;
        }

        connection?.Send();
    }

    private void ReceiveLoop(Connection connection)
    {
        s_inHandlerOf = this; // on this thread it is all that runs
        var decoder = new PacketDecoder(_version);
        (_inHandler, _handed) = (false, false);
        try
        {
            // What came together with CONNACK is there before the first read.
            do
            {
                var now = connection.LastReceived = Environment.TickCount64;
                var (bytes, packets) = (connection.Input.Rest.Length, 0);
                while (!connection.Ending.IsCancellationRequested && connection.Input.TryTake(out var first, out var body))
                {
                    Handle(connection, decoder.Decode(first, body), body);
                    packets++;
                }

                if (connection.Ending.IsCancellationRequested) break;
                if (packets > 0) AfterRoomWasMade(connection);
                if (_handed) now = LetCatchUp(connection, now);
                if (_receiveGathering.ShouldWait(bytes, packets, now)) _receiveGathering.Wait();
                while (_outgoing.Count > OutgoingBuffer.ReceiveLimit && !connection.Ending.IsCancellationRequested) Thread.Sleep(1); // until the broker takes acknowledgements
            }
            while (connection.Input.Fill(connection.Stream) > 0);

            connection.End(new ConnectionEnd(MqttReasonCode.UnspecifiedError, $"Broker {_broker} closed the connection of client id '{_clientId}'.") { WithoutAWord = true });
        }
        catch (Exception error)
        {
            // Whatever it is, it ends the connection, and Explain decides whether the client with it.
            connection.End(Explain(connection, error));
        }

        ReadToTheEnd(connection);
    }

    /// <summary>
    /// Reads on without looking until the broker closes or the time for it is over. A socket closed with unread bytes resets the connection, and the
    /// reset may overtake DISCONNECT and what was written before it. The broker delivers again what is thrown away here.
    /// </summary>
    private static void ReadToTheEnd(Connection connection)
    {
        Span<byte> nowhere = stackalloc byte[4096];
        try
        {
            while (connection.Stream.Read(nowhere) > 0) continue;
        }
        catch (Exception error) when (IsBroken(error))
        {
            // It had broken before, or was aborted; why the connection ended has been told.
        }
    }

    /// <summary>Waits until the owner has caught up with what it was handed; the broker's silence counts from then.</summary>
    private long LetCatchUp(Connection connection, long now)
    {
        _handed = false;
        _inHandler = true;
        var catchingUp = _handler.OnReadCompletedAsync(connection.Ending);
        connection.Paused = !catchingUp.IsCompleted;
        if (!catchingUp.IsCompletedSuccessfully) catchingUp.AsTask().GetAwaiter().GetResult();
        if (connection.Paused) connection.LastReceived = now = Environment.TickCount64;
        connection.Paused = false;
        _inHandler = false;
        return now;
    }

    private ConnectionEnd Explain(Connection connection, Exception error) => error switch
    {
        OperationCanceledException when connection.Ending.IsCancellationRequested => ConnectionEnd.ByStop,
        MqttException wrong when !_inHandler => new ConnectionEnd(wrong.Reason, $"Broker {_broker} broke the protocol. {wrong.Message}") { Farewell = wrong.Reason },
        _ when !_inHandler && IsBroken(error) => Broken(error),
        _ => Fault(error),
    };

    private void Handle(Connection connection, MqttPacket packet, ReadOnlySpan<byte> body)
    {
        if (packet is MqttPublishPacket publish) OnPublish(connection, publish, body);
        else if (packet is MqttPubAckPacket pubAck) OnPubAck(pubAck.PacketIdentifier, PacketDecoder.ReasonOf((int)pubAck.ReasonCode));
        else if (packet is MqttPubRecPacket pubRec) OnPubRec(pubRec.PacketIdentifier, PacketDecoder.ReasonOf((int)pubRec.ReasonCode));
        else if (packet is MqttPubRelPacket pubRel) OnPubRel(pubRel.PacketIdentifier);
        else if (packet is MqttPubCompPacket pubComp) OnPubComp(pubComp.PacketIdentifier);
        else if (packet is MqttSubAckPacket subAck) OnSubAck(subAck.PacketIdentifier, false, subAck.ReasonCodes.ConvertAll(code => PacketDecoder.ReasonOf((int)code)), subAck.ReasonString);
        else if (packet is MqttUnsubAckPacket unsubAck) OnSubAck(unsubAck.PacketIdentifier, true, (unsubAck.ReasonCodes ?? []).ConvertAll(code => PacketDecoder.ReasonOf((int)code)), unsubAck.ReasonString);
        else if (packet is MqttDisconnectPacket disconnect && _version == MqttProtocolVersion.V500) connection.End(DisconnectedByBroker(disconnect));
        else if (packet is not MqttPingRespPacket) throw MqttException.Protocol($"{packet.GetType().Name} that nothing of ours asked for");
    }

    private void OnPublish(Connection connection, MqttPublishPacket packet, ReadOnlySpan<byte> body)
    {
        var topic = Resolve(packet.TopicAlias, PacketDecoder.TopicOf(body));
        var qos = (MqttQos)packet.QualityOfServiceLevel;
        ushort turn = 0;
        if (qos != MqttQos.AtMostOnce)
        {
            var before = _deliveries.Outstanding;
            if (qos == MqttQos.AtLeastOnce) turn = _deliveries.Arrive(packet.PacketIdentifier, qos).Turn;
            else if (!ArrivesForTheFirstTime(packet.PacketIdentifier, out turn)) return;
            if (before >= _options.ReceiveMaximum && _version == MqttProtocolVersion.V500) CountExcess();
        }

        _inHandler = true;
        var delivery = new MqttDelivery(connection.Epoch, packet.PacketIdentifier) { Turn = turn };
        _handler.OnMessage(new MqttMessage { Topic = topic, Payload = packet.Payload.FirstSpan, Packet = packet, Delivery = delivery });
        (_inHandler, _handed) = (false, true);
    }

    /// <summary>The topic of a message that may have an alias: one that came with it is remembered, an empty one looked up.</summary>
    private ReadOnlySpan<byte> Resolve(ushort alias, ReadOnlySpan<byte> topic)
    {
        if (alias == 0) return topic;
        if (alias >= _topics.Length)
            throw new MqttException(MqttReasonCode.TopicAliasInvalid, $"PUBLISH with topic alias {alias}, where the Topic Alias Maximum told to the broker is {_options.TopicAliasMaximum}.");
        ref var known = ref _topics[alias];
        if (topic.IsEmpty) return known ?? throw MqttException.Protocol($"PUBLISH with topic alias {alias}, which was given no topic on this connection");
        if (!topic.SequenceEqual(known)) known = topic.ToArray();
        return topic;
    }

    private void CountExcess()
    {
        if (ReceiveMaximumExceeded++ > 0) return;
        _logger.LogWarning(
            "MQTT: broker {Broker} sends client id '{ClientId}' more unacknowledged messages than its Receive Maximum of {ReceiveMaximum} allows. Said once; they are taken all the same.",
            _broker, _clientId, _options.ReceiveMaximum);
    }

    private ConnectionEnd DisconnectedByBroker(MqttDisconnectPacket packet)
    {
        var reason = PacketDecoder.ReasonOf((int)packet.ReasonCode);
        if (packet.SessionExpiryInterval != 0 || reason == MqttReasonCode.DisconnectWithWill) throw MqttException.Protocol("DISCONNECT as only a client may send it");
        return Refusal("disconnects the client", reason, packet.ReasonString, packet.ServerReference);
    }
}
