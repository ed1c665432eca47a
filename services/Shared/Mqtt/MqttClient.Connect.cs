using System.Net;
using System.Text;

namespace Tally.Mqtt;

// CONNECT, CONNACK, and what a new connection means for the session (3.1, 3.2, 4.1, 4.4).
public sealed partial class MqttClient
{
    private string _clientId;
    private bool _connectedOnce, _subscribedOnce;

    // Connections whose CONNECT had no answer in time. The broker may stand still and find it later: Mosquitto 2.0.11 then sends what
    // waits for PUBCOMP to the closed socket, takes that for a failure, and sends the whole message instead of PUBREL on the next
    // connection, so that each comes a second time (seen: 500 of 500). So the sockets stay open until a connection stands; 16 are a
    // broker that stands still for five minutes, with the default times of options.
    private const int MostUnanswered = 16;
    private readonly Queue<Connection> _unanswered = new();

    // The session was there before this process: what an earlier one left in flight is not known here. Over when a session is lost.
    private bool _inherited;

    // What the broker of the open connection allows; under the lock.
    private MqttConnAckPacket _brokerAllows = new();
    private uint _brokerMaximumPacketSize;

    /// <summary>One attempt: TCP, TLS and WebSocket where there are such, and CONNACK, all within the time-out. Failing is an answer here, not an exception.</summary>
    private async Task<(Connection? Connection, MqttConnAckPacket? ConnAck, ConnectionEnd? Failure)> TryConnectAsync(CancellationToken stop)
    {
        _version = NextVersion();
        if (CannotBeSaid() is { } impossible) return (null, null, impossible);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(_options.ConnectTimeout);
        Connection? connection = null;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(_broker.Host, attempt.Token);
            MqttConnAckPacket connAck = null!;
            await OnThread(() =>
            {
                connection = Connection.Open(_broker, _options, addresses, attempt.Token);
                connAck = Introduce(connection, attempt.Token, stop);
            });
            var stands = connAck.ReasonCode == MqttConnectReasonCode.Success;
            if (stands)
            {
                CloseUnanswered(0);
                if (!IsOnlyToAskOrToClean) return (connection, connAck, null);
                await OnThread(() => SayGoodbye(connection!));
            }

            connection!.Dispose();
            if (!stands) return (null, null, Refused(connAck));
            return AfterAskingOrCleaning() is { } asked ? (null, null, asked) : await TryConnectAsync(stop);
        }
        catch (Exception error) when (error is MqttException or OperationCanceledException or TimeoutException || IsBroken(error))
        {
            var failure = stop.IsCancellationRequested ? ConnectionEnd.ByStop : Failed(error, connection is not null);
            if (connection is { IsAborted: false } && error is OperationCanceledException && !stop.IsCancellationRequested) _unanswered.Enqueue(connection);
            else connection?.Dispose();
            CloseUnanswered(MostUnanswered);
            return (null, null, failure);
        }
    }

    private void CloseUnanswered(int kept)
    {
        while (_unanswered.Count > kept) _unanswered.Dequeue().Dispose();
    }

    /// <summary>CONNECT and its answer. Blocks.</summary>
    private MqttConnAckPacket Introduce(Connection connection, CancellationToken limit, CancellationToken stop)
    {
        using var stopping = stop.UnsafeRegister(static connection => ((Connection)connection!).AbortAfter(TimeSpan.Zero), connection);
        using var limiting = limit.UnsafeRegister(static connection => ((Connection)connection!).StopReading(), connection);
        try
        {
            try
            {
                SendConnect(connection);
            }
            catch (IOException) when (_broker.IsTls)
            {
                // A broker that refuses the client's certificate says so and closes: what it said can still be read, and reading fails with it.
            }

            return ReceiveConnAck(connection);
        }
        catch (Exception error) when (IsBroken(error))
        {
            limit.ThrowIfCancellationRequested();
            throw connection.Explain(error);
        }
    }

    private void SendConnect(Connection connection)
    {
        var connect = new MqttConnectPacket
        {
            ClientId = _clientId,
            CleanSession = IsCleanStart || _clientId.Length == 0, // a client without identifier has no session to find (3.1.3.1)
            KeepAlivePeriod = (ushort)Math.Ceiling(_options.KeepAlive.TotalSeconds),
            SessionExpiryInterval = (uint)_options.SessionExpiry.TotalSeconds,
            ReceiveMaximum = _options.ReceiveMaximum == ushort.MaxValue ? (ushort)0 : _options.ReceiveMaximum, // the default is not said
            MaximumPacketSize = (uint)_options.MaximumPacketSize,
            TopicAliasMaximum = _options.TopicAliasMaximum,
            RequestProblemInformation = true,
            Username = _broker.UserName ?? (_broker.Password is null ? null : ""), // MQTTnet knows no password without one
            Password = _broker.Password is null ? null : Encoding.UTF8.GetBytes(_broker.Password),
        };
        if (_options.Will is { } will)
        {
            connect.WillFlag = true;
            connect.WillTopic = will.Topic;
            connect.WillMessage = will.Payload.ToArray();
            connect.WillQoS = will.QualityOfServiceLevel;
            connect.WillRetain = will.Retain;
            connect.WillDelayInterval = (uint)_options.WillDelay.TotalSeconds;
            connect.WillPayloadFormatIndicator = will.PayloadFormatIndicator;
            connect.WillMessageExpiryInterval = will.MessageExpiryInterval;
            connect.WillContentType = will.ContentType;
            connect.WillResponseTopic = will.ResponseTopic;
            connect.WillCorrelationData = will.CorrelationData;
            connect.WillUserProperties = will.UserProperties;
        }

        connection.Stream.Write(new PacketEncoder(_version).Encode(connect).Packet);
        connection.LastSent = Environment.TickCount64;
    }

    private MqttConnAckPacket ReceiveConnAck(Connection connection)
    {
        while (connection.Input.Fill(connection.Stream) > 0)
        {
            if (Connection.OtherProtocol(connection.Input.Rest) is { } other) throw MqttException.Malformed(other);
            if (!connection.Input.TryTake(out var first, out var body)) continue;
            connection.LastReceived = Environment.TickCount64;
            if (first >> 4 == (int)MqttControlPacketType.Auth && _version == MqttProtocolVersion.V500) throw new MqttException(MqttReasonCode.BadAuthenticationMethod, "It answers CONNECT with AUTH.");
            var packet = new PacketDecoder(_version).Decode(first, body);
            if (packet is not MqttConnAckPacket connAck) throw MqttException.Protocol($"{packet.GetType().Name} before CONNACK");
            if (IsCleanStart && connAck.IsSessionPresent) throw MqttException.Protocol("CONNACK says that a session is present after a clean start (3.2.2.1.1)");
            if (_version == MqttProtocolVersion.V500 && _clientId.Length == 0 && connAck is { ReasonCode: MqttConnectReasonCode.Success, AssignedClientIdentifier: null })
                throw MqttException.Protocol("CONNACK assigns no client identifier to a client without one (3.2.2.3.7)");
            return connAck;
        }

        throw new EndOfStreamException("it closed the connection instead of sending CONNACK");
    }

    /// <summary>
    /// A connection stands. The owner hears of it and of messages that went with a lost session, then what is in flight is
    /// sent again, and only then new messages are let in.
    /// </summary>
    /// <returns>The subscribing with which it begins.</returns>
    private Task Begin(Connection connection, MqttConnAckPacket connAck)
    {
        connection.ConnectedAt = Environment.TickCount64;
        connection.Epoch = _epoch + 1;
        connection.KeepAlive = connAck.ServerKeepAlive > 0 ? TimeSpan.FromSeconds(connAck.ServerKeepAlive) : _options.KeepAlive;
        _clientId = connAck.AssignedClientIdentifier ?? _clientId;
        _stoodWithVersion5 |= _version == MqttProtocolVersion.V500;
        _inherited = connAck.IsSessionPresent && (_inherited || !_connectedOnce);
        _connectedOnce = true;
        _topics = new byte[]?[_version == MqttProtocolVersion.V311 ? 0 : _options.TopicAliasMaximum + 1];
        List<(InFlightMessage Message, MqttReasonCode? Reason)> dropped;
        lock (_gate)
        {
            _brokerAllows = connAck;
            _encoder = new PacketEncoder(_version);
            _sentAliases.Clear();
            _brokerMaximumPacketSize = connAck.MaximumPacketSize == 0 ? uint.MaxValue : connAck.MaximumPacketSize;
            _deliveries.Begin(connAck.IsSessionPresent);
            _needsFreeing = _inherited && (_needsFreeing || _freeing.Count > 0);
            _freeing.Clear();
            _resend.Clear();
            _outgoing.Clear();
            _sentInFlight = 0;
            _epoch = connection.Epoch;
            dropped = DropUndeliverable(connAck.IsSessionPresent);
        }

        _logger.LogInformation(
            "MQTT: connected to {Broker} as '{ClientId}' with MQTT {Version}, session {Session}, receive maximum {ReceiveMaximum}.",
            _broker, _clientId, Name(_version), connAck.IsSessionPresent ? "present" : "new", connAck.ReceiveMaximum);
        MqttTelemetry.OnConnected(connection.Epoch);
        InHandler(() =>
        {
            _handler.OnConnected(new MqttConnected(connection.Epoch, connAck) { ProtocolVersion = _version, ClientId = _clientId, KeepAlive = connection.KeepAlive });
            foreach (var (message, reason) in dropped) GiveBack(message, reason);
        });
        lock (_gate)
        {
            _open = connection;
            var subscribing = SubscribeFirstAsync(connection, connAck.IsSessionPresent);
            MakeRoom();
            connection.Send();
            return subscribing;
        }
    }

    /// <summary>No more is taken for this connection; what a broker shall hear last goes behind what is buffered.</summary>
    private void Close(Connection connection, ConnectionEnd end)
    {
        lock (_gate)
        {
            _open = null;
            if (IsReady) _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Settle(null);
            if (_encoder.Farewell(end.Farewell, end.SessionExpiry) is { } farewell) _outgoing.Append(farewell);
            else _outgoing.Clear();
        }

        connection.Finish();
    }

    private ConnectionEnd Refused(MqttConnAckPacket connAck)
    {
        var reason = (MqttReasonCode)(int)connAck.ReasonCode;
        return reason == MqttReasonCode.UnsupportedProtocolVersion && FallBack() is { } fellBack
            ? fellBack : Refusal("refuses the connection", reason, connAck.ReasonString, connAck.ServerReference);
    }

    private ConnectionEnd Failed(Exception error, bool reached)
    {
        var (time, connection) = ($"within {_options.ConnectTimeout.TotalSeconds} s", $"the connection of client id '{_clientId}'");
        var hint = _broker.Scheme == "mqtt" ? $" If {_broker.Port} is a port for TLS or WebSocket, write mqtts:// or ws://." : "";
        return error switch
        {
            TransportException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} cannot be used: {wrong.Message}."),
            MqttException { Reason: MqttReasonCode.BadAuthenticationMethod and var reason } => Refusal("refuses the connection", reason, null),
            MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
            TimeoutException => Unavailable($"{error.Message} {time}."),
            OperationCanceledException => Unavailable(reached ? $"took {connection} but sent no CONNACK {time}." : $"cannot be reached: no answer {time}."),
            _ when reached => Unavailable($"broke off {connection} before CONNACK: {TransportException.Innermost(error)}.{hint}") with { ClosedOnConnect = true },
            _ => Unavailable($"cannot be reached: {TransportException.Innermost(error)}. Is it running, and are host and port right?"),
        };

        ConnectionEnd Unavailable(string what) => new(MqttReasonCode.ServerUnavailable, $"Broker {_broker} {what}");
    }
}
