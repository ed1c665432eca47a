using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using Tally.Mqtt.Connections;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Session;

namespace Tally.Mqtt;

// CONNECT, CONNACK, and what a new connection means for the session (3.1, 3.2, 4.1, 4.4).
public sealed partial class MqttClient
{
    private string _clientId;
    private bool _connectedOnce;
    private bool _subscribedOnce;

    // Connections whose CONNECT had no answer in time. The broker may stand still and find it later: Mosquitto 2.0.11 then sends what
    // waits for PUBCOMP to the closed socket, takes that for a failure, and sends the whole message instead of PUBREL on the next
    // connection, so that each comes a second time (seen: 500 of 500). So the sockets stay open until a connection stands; 16 are a
    // broker that stands still for five minutes, with the default times of options.
    private const int MostUnanswered = 16;
    private readonly Queue<Connection> _unanswered = new();

    // The session was there before this process: what an earlier one left in flight is not known here. Set once, by the
    // first connection; over when a session is lost.
    private bool _inherited;

    // What the broker of the open connection allows; under the lock.
    private uint _brokerMaximumPacketSize;
    private SentTopicAliases? _sentAliases;
    private MqttConnAckPacket _brokerAllows = new();

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
            if (connAck.ReasonCode != MqttConnectReasonCode.Success)
            {
                connection!.Dispose();
                return (null, null, Refused(connAck));
            }

            CloseUnanswered(0);
            if (!IsOnlyToAskOrToClean) return (connection, connAck, null);
            await OnThread(() => SayGoodbye(connection!));
            connection!.Dispose();
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
        try
        {
            using (limit.UnsafeRegister(static connection => ((Connection)connection!).AbortAfter(TimeSpan.Zero), connection))
            {
                try
                {
                    SendConnect(connection);
                }
                catch (IOException) when (_broker.IsTls && !limit.IsCancellationRequested)
                {
                    // A broker that refuses the client's certificate says so and closes: what it said can still be read, and reading fails with it.
                }
            }

            using (stop.UnsafeRegister(static connection => ((Connection)connection!).AbortAfter(TimeSpan.Zero), connection))
            using (limit.UnsafeRegister(static connection => ((Connection)connection!).StopReading(), connection))
            {
                return ReceiveConnAck(connection);
            }
        }
        catch (Exception error) when (IsBroken(error))
        {
            limit.ThrowIfCancellationRequested();
            var explained = connection.Explain(error);
            if (ReferenceEquals(explained, error)) throw;
            throw explained;
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
            RequestResponseInformation = _options.RequestResponseInformation,
            RequestProblemInformation = _options.RequestProblemInformation,
            UserProperties = [.. _options.UserProperties],
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
            if (Connection.OtherProtocol(connection.Input.Rest) is { } other) throw Violation.Malformed(other);
            if (!connection.Input.TryTake(out var first, out var body)) continue;
            connection.LastReceived = Environment.TickCount64;
            if (first >> 4 == (int)MqttControlPacketType.Auth && _version == MqttProtocolVersion.V500) throw new MqttException(MqttReasonCode.BadAuthenticationMethod, "It answers CONNECT with AUTH.");
            return Check(new PacketDecoder(_version).Decode(first, body));
        }

        throw new EndOfStreamException("it closed the connection instead of sending CONNACK");
    }

    private MqttConnAckPacket Check(MqttPacket packet)
    {
        if (packet is not MqttConnAckPacket connAck) throw Violation.Protocol($"{packet.GetType().Name} before CONNACK");
        if (IsCleanStart && connAck.IsSessionPresent) throw Violation.Protocol("CONNACK says that a session is present after a clean start (3.2.2.1.1)");
        if (_version == MqttProtocolVersion.V500 && _clientId.Length == 0 && connAck is { ReasonCode: MqttConnectReasonCode.Success, AssignedClientIdentifier: null })
            throw Violation.Protocol("CONNACK assigns no client identifier to a client without one (3.2.2.3.7)");
        return connAck;
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
            _sentAliases = _options.UseTopicAliases && connAck.TopicAliasMaximum > 0 ? new SentTopicAliases(connAck.TopicAliasMaximum) : null;
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
        TellConnected(connection, connAck, dropped);
        lock (_gate)
        {
            _open = connection;
            var subscribing = SubscribeFirstAsync(connection, connAck.IsSessionPresent);
            MakeRoom();
            connection.Send();
            return subscribing;
        }
    }

    private void TellConnected(Connection connection, MqttConnAckPacket connAck, List<(InFlightMessage Message, MqttReasonCode? Reason)> dropped) => InHandler(() =>
    {
        if (connection.Epoch > 1) MqttTelemetry.OnReconnected();
        _handler.OnConnected(new MqttConnected(connection.Epoch, connAck)
        {
            ProtocolVersion = _version,
            ClientId = _clientId,
            KeepAlive = connection.KeepAlive,
            SessionExpiry = connAck.SessionExpiryInterval > 0 ? TimeSpan.FromSeconds(connAck.SessionExpiryInterval) : _options.SessionExpiry,
        });
        foreach (var (message, reason) in dropped) GiveBack(message, reason);
    });

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
        if (reason == MqttReasonCode.UnsupportedProtocolVersion && FallBack() is { } fellBack) return fellBack;
        return new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, "refuses the connection", reason, connAck.ReasonString, connAck.ServerReference))
        {
            Final = Refusals.IsFinal(reason),
            ReasonString = connAck.ReasonString,
        };
    }

    private ConnectionEnd Failed(Exception error, bool reached)
    {
        var time = $"within {_options.ConnectTimeout.TotalSeconds} s";
        return error switch
        {
            TransportException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} cannot be used: {wrong.Message}."),
            MqttException { Reason: MqttReasonCode.BadAuthenticationMethod and var reason } =>
                new ConnectionEnd(reason, Refusals.Describe(_broker, _clientId, "refuses the connection", reason, null, null)) { Final = true },
            MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
            TimeoutException => new ConnectionEnd(MqttReasonCode.ServerUnavailable, $"Broker {_broker} {error.Message} {time}."),
            OperationCanceledException when reached =>
                new ConnectionEnd(MqttReasonCode.ServerUnavailable, $"Broker {_broker} took the connection of client id '{_clientId}' but sent no CONNACK {time}."),
            OperationCanceledException => new ConnectionEnd(MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: no answer {time}."),
            _ when reached => new ConnectionEnd(
                MqttReasonCode.ServerUnavailable,
                $"Broker {_broker} broke off the connection of client id '{_clientId}' before CONNACK: {TransportException.Innermost(error)}." +
                (_broker.Scheme == "mqtt" ? $" If {_broker.Port} is a port for TLS or WebSocket, write mqtts:// or ws://." : "")) { ClosedOnConnect = true },
            _ => new ConnectionEnd(MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: {TransportException.Innermost(error)}. Is it running, and are host and port right?"),
        };
    }
}
