namespace Tally.Mqtt;

// PUBLISH from us to the broker, and its PUBACK (3.3, 3.4, 4.3). What follows at QoS 2 is in MqttClient.ExactlyOnce.cs.
public sealed partial class MqttClient
{
    // A broker of MQTT 3.1.1 cannot say how many messages of QoS 2 it takes at once, and Mosquitto 2.0.11 silently loses those
    // beyond its max_inflight_messages (seen: of 12,000 in a window of 10,000 many had their PUBCOMP and were never delivered). 20 is its default.
    internal const int MostExactlyOnceInVersion311 = 20;

    // An alias that comes with its topic makes a packet longer by at most so much: the property, and a digit more in each length. So many
    // aliases are enough for any stream that gains by it, and bound what is kept of topics.
    private const ushort MostAddedByAlias = 5, MostAliases = 1024;

    private readonly SemaphoreSlim _turn = new(1); // one PublishAsync at a time waits for room, in the order of the calls

    // All under the lock, and of the open connection. What is to be sent again, in the order of publishing; how many in flight were sent, which the
    // broker's Receive Maximum bounds; and topic aliases (3.3.2.3.4): first come, first served, as many as the broker allows.
    private readonly Queue<ushort> _resend = new();
    private int _sentInFlight;
    private readonly Dictionary<string, ushort> _sentAliases = [];
    private PacketEncoder _encoder = new(MqttProtocolVersion.V500);

    // Those who wait for room; null: nobody does. A PublishAsync among them goes first, else a busy publisher would keep it out for ever.
    private TaskCompletionSource? _room;
    private bool _hasFirst;

    private bool IsOpen => _open is not null && _resend.Count == 0 && _freeing.Count == 0 && _outgoing.Count < OutgoingBuffer.PublishLimit;

    private bool HasWindow =>
        _inFlight.HasRoom && _inFlight.Count < _brokerAllows.ReceiveMaximum &&
        (_version == MqttProtocolVersion.V500 || _inFlight.ExactlyOnceCount < MostExactlyOnceInVersion311);

    private int MostSentAgain =>
        _version == MqttProtocolVersion.V311 && _inFlight.ExactlyOnceCount > MostExactlyOnceInVersion311 ? MostExactlyOnceInVersion311 : _brokerAllows.ReceiveMaximum;

    /// <inheritdoc/>
    public bool TryPublish(in MqttPublication publication, long token)
    {
        PacketEncoder.Check(publication);
        return TryTake(publication, token, null);
    }

    /// <inheritdoc/>
    public ValueTask WaitToPublishAsync(CancellationToken cancellationToken) => new(WaitForRoomAsync(first: false, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<MqttReasonCode> PublishAsync(MqttPublication publication, CancellationToken cancellationToken)
    {
        PacketEncoder.Check(publication);
        var operation = new TaskCompletionSource<MqttReasonCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            while (!TryTake(publication, 0, operation)) await WaitForRoomAsync(first: true, cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _hasFirst = false;
                ReleasePublishers();
            }

            _turn.Release();
        }

        // One that is cancelled now stays in flight: the broker may have it, and its packet identifier is taken until PUBACK.
        await using var registration = cancellationToken.UnsafeRegister((_, cancelled) => operation.TrySetCanceled(cancelled), null);
        return await operation.Task;
    }

    private bool TryTake(in MqttPublication publication, long token, TaskCompletionSource<MqttReasonCode>? operation)
    {
        bool takes;
        Connection? connection;
        lock (_gate)
        {
            takes = _over is null && IsOpen && (operation is not null || !_hasFirst) && IsFreeFor(publication.Qos);
            if (operation is not null) _hasFirst = !takes;
            if (takes) Append(publication, token, operation);
            connection = takes || _freeing.Count > 0 ? _open : null; // what frees packet identifiers is to be sent too
        }

        connection?.Send();
        return takes;
    }

    private async Task WaitForRoomAsync(bool first, CancellationToken cancellationToken)
    {
        Task room;
        lock (_gate)
        {
            if (_over is not null) throw _over;
            if (IsOpen && HasWindow && (first || !_hasFirst)) return;
            room = (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await room.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (_over is not null) throw _over;
        }
    }

    private void ReleasePublishers()
    {
        if (_over is null && !(IsOpen && HasWindow)) return;
        _room?.SetResult();
        _room = null;
    }

    private bool IsFreeFor(MqttQos qos) => qos == MqttQos.AtMostOnce || (HasWindow && (qos == MqttQos.AtLeastOnce || IsFreeForExactlyOnce()));

    /// <summary>Appends a message, with a topic alias where there is one, and keeps it without until it is acknowledged.</summary>
    private void Append(in MqttPublication publication, long token, TaskCompletionSource<MqttReasonCode>? operation)
    {
        var packetId = publication.Qos == MqttQos.AtMostOnce ? (ushort)0 : _inFlight.NextId;
        var packet = _encoder.Encode(publication, packetId);
        if (Undeliverable(packet.Length, publication.Qos, publication.Retain) is { } reason) throw CannotBeSent(reason);
        if (packetId != 0)
        {
            _inFlight.Add(packet, _version, publication.Qos, publication.Retain, token, operation);
            _sentInFlight++;
        }

        if (_options.UseTopicAliases && packet.Length + MostAddedByAlias <= _brokerMaximumPacketSize)
        {
            var isKnown = _sentAliases.TryGetValue(publication.Topic, out var alias);
            if (!isKnown && _sentAliases.Count < Math.Min(_brokerAllows.TopicAliasMaximum, MostAliases)) _sentAliases[publication.Topic] = alias = (ushort)(_sentAliases.Count + 1);
            if (alias != 0) packet = _encoder.Encode(publication, packetId, alias, isKnown);
        }

        _outgoing.Append(packet);
        if (packetId == 0) operation?.TrySetResult(MqttReasonCode.Success);
    }

    private void OnPubAck(ushort packetId, MqttReasonCode reason)
    {
        InFlightMessage settled;
        lock (_gate)
        {
            if (_inFlight.StateOf(packetId) != InFlightState.AwaitsPubAck)
            {
                if (!_inherited) throw MqttException.Protocol($"PUBACK for packet identifier {packetId}, under which nothing waits for it");
                StrayAcknowledgements++; // an earlier process of this session may have sent it
                return;
            }

            settled = Settle(packetId);
        }

        TellSettled(settled, reason);
    }

    /// <summary>Takes a message out that came to its end. One of an earlier connection that was not sent again yet may: the broker has it then.</summary>
    private InFlightMessage Settle(ushort packetId)
    {
        var message = _inFlight.Remove(packetId);
        if (message.Sent) _sentInFlight--;
        return message;
    }

    private void TellSettled(in InFlightMessage settled, MqttReasonCode reason)
    {
        if (settled.Operation?.TrySetResult(reason) is not null) return;
        _inHandler = true;
        _handler.OnPublished(settled.Token, reason);
        (_inHandler, _handed) = (false, true);
    }

    /// <summary>Sends messages of an earlier connection again, and lets new ones in when they are out.</summary>
    private void MakeRoom()
    {
        while (_sentInFlight < MostSentAgain && _outgoing.Count < OutgoingBuffer.PublishLimit && _resend.TryDequeue(out var packetId))
        {
            ref var message = ref _inFlight[packetId];
            if (message.State == InFlightState.None) continue; // acknowledged meanwhile

            // Without an alias: what is sent again is rare, and may be what the broker choked on.
            _outgoing.Append(message.State == InFlightState.AwaitsPubComp
                ? _encoder.Encode(MqttControlPacketType.PubRel, packetId) : _encoder.Again(message.Packet!, message.Length, message.Version));
            message.Sent = true;
            _sentInFlight++;
        }

        ReleasePublishers();
    }

    private void AfterRoomWasMade(Connection connection)
    {
        lock (_gate)
        {
            if (_open != connection) return;
            MakeRoom();
            if (_outgoing.Count == 0) return;
        }

        connection.Send();
    }

    /// <summary>Takes out what will never be delivered: all of a session that is gone, else what this broker does not take, with its reason. The rest is to be sent again.</summary>
    private List<(InFlightMessage Message, MqttReasonCode? Reason)> DropUndeliverable(bool sessionPresent)
    {
        var dropped = new List<(InFlightMessage, MqttReasonCode?)>();
        foreach (var packetId in _inFlight.InOrder())
        {
            ref var message = ref _inFlight[packetId];
            message.Sent = false;
            var reason = sessionPresent && message.Length > 0 ? Undeliverable(message.Length, message.Qos, message.Retain) : null;
            if (sessionPresent && reason is null) _resend.Enqueue(packetId);
            else dropped.Add((_inFlight.Remove(packetId), reason));
        }

        return dropped;
    }

    private void GiveBack(InFlightMessage message, MqttReasonCode? refused)
    {
        if (refused is { } reason) TellSettled(message, reason);
        else if (message.Operation is null) _handler.OnReturned(message.Token);
        else message.Operation.TrySetException(SessionLost());
    }

    /// <summary>Nothing will come any more: everybody who waits is told.</summary>
    private void EndSession(Exception over)
    {
        lock (_gate)
        {
            _over = over;
            foreach (var packetId in _inFlight.InOrder()) _inFlight.Remove(packetId).Operation?.TrySetException(over is MqttSessionLostException ? over : SessionLost());
            _ready.TrySetException(over);
            _ = _ready.Task.Exception; // perhaps nobody waits for it
            ReleasePublishers();
        }
    }

    private MqttReasonCode? Undeliverable(int packetLength, MqttQos qos, bool retain)
    {
        if ((uint)packetLength > _brokerMaximumPacketSize) return MqttReasonCode.PacketTooLarge;
        if (qos > (MqttQos)_brokerAllows.MaximumQoS) return MqttReasonCode.QosNotSupported;
        return retain && !_brokerAllows.RetainAvailable ? MqttReasonCode.RetainNotSupported : null;
    }

    private MqttException CannotBeSent(MqttReasonCode reason) => new(
        reason,
        reason == MqttReasonCode.PacketTooLarge ? $"A PUBLISH cannot be sent: broker {_broker} takes packets of at most {_brokerMaximumPacketSize} bytes."
        : reason == MqttReasonCode.QosNotSupported ? $"Broker {_broker} takes messages up to QoS {(byte)_brokerAllows.MaximumQoS} only." : $"Broker {_broker} does not take retained messages.");

    private MqttSessionLostException SessionLost() =>
        new($"The session of client id '{_clientId}' at broker {_broker} ended before the message was acknowledged: whether the broker has it is not known.");
}
