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
    private readonly UnansweredConnects _unanswered = new();

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
                connection = new Connection(Transport.Open(_broker, _options.Tls, addresses, attempt.Token), _options.MaximumPacketSize);
                connAck = Introduce(connection, attempt.Token, stop);
            });
            if (connAck.ReasonCode != MqttConnectReasonCode.Success)
            {
                connection!.Dispose();
                return (null, null, Refused(connAck));
            }

            _unanswered.CloseAll();
            if (!IsOnlyToAskOrToClean()) return (connection, connAck, null);
            await OnThread(() => SayGoodbye(connection!));
            connection!.Dispose();
            return AfterAskingOrCleaning() is { } asked ? (null, null, asked) : await TryConnectAsync(stop);
        }
        catch (Exception error) when (error is MqttException or OperationCanceledException || IsBroken(error))
        {
            var failure = stop.IsCancellationRequested ? ConnectionEnd.ByStop : Failed(error, connection is not null);
            if (connection is { IsAborted: false } && error is OperationCanceledException && !stop.IsCancellationRequested) _unanswered.Keep(connection);
            else connection?.Dispose();
            return (null, null, failure);
        }
    }

    /// <summary>CONNECT and its answer. Blocks.</summary>
    private MqttConnAckPacket Introduce(Connection connection, CancellationToken limit, CancellationToken stop)
    {
        try
        {
            using (limit.UnsafeRegister(static connection => ((Connection)connection!).AbortAfter(TimeSpan.Zero), connection))
            {
                SendConnect(connection);
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
            UserProperties = PropertiesOf(_options.UserProperties),
            Username = _broker.UserName ?? (_broker.Password is null ? null : ""), // MQTTnet knows no password without one
            Password = _broker.Password is null ? null : Encoding.UTF8.GetBytes(_broker.Password),
        };
        if (_options.Will is { } will) Add(will, connect);
        connection.Stream.Write(new PacketEncoder(_version).Encode(connect).Packet);
        connection.LastSent = Environment.TickCount64;
    }

    private static void Add(MqttWill will, MqttConnectPacket connect)
    {
        connect.WillFlag = true;
        connect.WillTopic = will.Topic;
        connect.WillMessage = will.Payload.ToArray();
        connect.WillQoS = (MqttQualityOfServiceLevel)will.Qos;
        connect.WillRetain = will.Retain;
        connect.WillDelayInterval = (uint)will.Delay.TotalSeconds;
        connect.WillPayloadFormatIndicator = will.PayloadIsText ? MqttPayloadFormatIndicator.CharacterData : MqttPayloadFormatIndicator.Unspecified;
        connect.WillMessageExpiryInterval = (uint?)will.MessageExpiry?.TotalSeconds ?? 0;
        connect.WillContentType = will.ContentType;
        connect.WillResponseTopic = will.ResponseTopic;
        connect.WillCorrelationData = will.CorrelationData.ToArray();
        connect.WillUserProperties = PropertiesOf(will.UserProperties);
    }

    private static List<MqttUserProperty> PropertiesOf(IReadOnlyList<KeyValuePair<string, string>> pairs) => [.. pairs.Select(pair => MqttTraceContext.Property(pair.Key, pair.Value))];

    private MqttConnAckPacket ReceiveConnAck(Connection connection)
    {
        while (connection.Input.Fill(connection.Stream) > 0)
        {
            if (OtherProtocol.Recognise(connection.Input.Rest) is { } other) throw Violation.Malformed(other);
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
    private void Begin(Connection connection, MqttConnAckPacket connAck)
    {
        connection.ConnectedAt = Environment.TickCount64;
        connection.Epoch = _epoch + 1;
        connection.KeepAlive = connAck.ServerKeepAlive > 0 ? TimeSpan.FromSeconds(connAck.ServerKeepAlive) : _options.KeepAlive;
        _clientId = connAck.AssignedClientIdentifier ?? _clientId;
        _stoodWithVersion5 |= _version == MqttProtocolVersion.V500;
        _inherited = connAck.IsSessionPresent && (_inherited || !_connectedOnce);
        _connectedOnce = true;
        _topics = new byte[]?[_version == MqttProtocolVersion.V311 ? 0 : _options.TopicAliasMaximum + 1];
        var dropped = new List<Dropped>();
        lock (_gate)
        {
            _brokerAllows = connAck;
            _encoder = new PacketEncoder(_version);
            _sentAliases = _options.UseTopicAliases && connAck.TopicAliasMaximum > 0 ? new SentTopicAliases(connAck.TopicAliasMaximum) : null;
            _brokerMaximumPacketSize = connAck.MaximumPacketSize == 0 ? uint.MaxValue : connAck.MaximumPacketSize;
            _deliveries.Begin(connAck.IsSessionPresent);
            _needsFreeing = _inherited && (_needsFreeing || _freeing > 0);
            _freeing = 0;
            _resend.Clear();
            _outgoing.Clear();
            _epoch = connection.Epoch;
            DropUndeliverable(connAck.IsSessionPresent, dropped);
        }

        _logger.LogInformation(
            "MQTT: connected to {Broker} as '{ClientId}' with MQTT {Version}, session {Session}, receive maximum {ReceiveMaximum}.",
            _broker, _clientId, Name(_version), connAck.IsSessionPresent ? "present" : "new", connAck.ReceiveMaximum);
        TellConnected(connection, connAck, dropped);
        SubscribeRequest? initial;
        var subscribe = !(connAck.IsSessionPresent && _subscribedOnce);
        lock (_gate)
        {
            _open = connection;
            BeginSubscribing(subscribe, connAck.IsSessionPresent);
            _sentInFlight = 0;
            PumpLocked();
            if (IsOpenForNew && HasWindow) ReleasePublishers();
            initial = _requests.First is { Value.Initial: true } first ? first.Value : null;
        }

        connection.Send();
        if (initial is null) Ready();
        else if (initial.IsAnswered) AfterInitial(connection, initial, null);
    }

    private void TellConnected(Connection connection, MqttConnAckPacket connAck, List<Dropped> dropped)
    {
        MqttTelemetry.OnConnected(connection.Epoch);
        EnterHandler();
        try
        {
            _handler.OnConnected(new MqttConnected(connection.Epoch, connAck.IsSessionPresent, connAck.ReceiveMaximum)
            {
                ProtocolVersion = _version,
                ClientId = _clientId,
                KeepAlive = connection.KeepAlive,
                SessionExpiry = connAck.SessionExpiryInterval > 0 ? TimeSpan.FromSeconds(connAck.SessionExpiryInterval) : _options.SessionExpiry,
                MaximumQos = (MqttQos)connAck.MaximumQoS,
                RetainAvailable = connAck.RetainAvailable,
                MaximumPacketSize = connAck.MaximumPacketSize == 0 ? null : connAck.MaximumPacketSize,
                TopicAliasMaximum = connAck.TopicAliasMaximum,
                WildcardSubscriptionAvailable = connAck.WildcardSubscriptionAvailable,
                SubscriptionIdentifiersAvailable = connAck.SubscriptionIdentifiersAvailable,
                SharedSubscriptionAvailable = connAck.SharedSubscriptionAvailable,
                ResponseInformation = connAck.ResponseInformation,
                ReasonString = connAck.ReasonString,
                UserProperties = [.. (connAck.UserProperties ?? []).Select(property => KeyValuePair.Create(property.Name, property.ReadValueAsString()))],
            });
            foreach (var message in dropped) GiveBack(message);
        }
        finally
        {
            LeaveHandler();
        }
    }

    private void Ready()
    {
        _backOff.Reset();
        _ready = true;
    }

    /// <summary>No more is taken for this connection; what a broker shall hear last goes behind what is buffered.</summary>
    private void Close(Connection connection, ConnectionEnd end)
    {
        _ready = false;
        lock (_gate)
        {
            _open = null;
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

    private ConnectionEnd Failed(Exception error, bool reached) => error switch
    {
        TransportException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} cannot be used: {wrong.Message}."),
        ConnectStalledException stalled => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} {stalled.Message} within {_options.ConnectTimeout.TotalSeconds} s. {stalled.Hint}"),
        MqttException { Reason: MqttReasonCode.BadAuthenticationMethod } wrong => new ConnectionEnd(
            wrong.Reason, Refusals.Describe(_broker, _clientId, "refuses the connection", wrong.Reason, null, null)) { Final = true },
        MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
        OperationCanceledException when reached => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable,
            $"Broker {_broker} took the connection of client id '{_clientId}' but sent no CONNACK within {_options.ConnectTimeout.TotalSeconds} s."),
        OperationCanceledException => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: no answer within {_options.ConnectTimeout.TotalSeconds} s."),
        _ when reached => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} broke off the connection of client id '{_clientId}' before CONNACK: {error.Message}.{OtherProtocol.Hint(_broker)}")
        {
            ClosedOnConnect = true,
        },
        _ => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: {error.Message}. Is it running, and are host and port right?"),
    };
}
