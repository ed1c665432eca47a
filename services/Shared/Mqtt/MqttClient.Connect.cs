using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Transports;

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
    private ushort _brokerReceiveMaximum;
    private MqttQos _brokerMaximumQos;
    private bool _brokerRetainAvailable;
    private uint _brokerMaximumPacketSize;
    private SentTopicAliases? _sentAliases;
    private ConnAckPacket _brokerAllows = new();

    /// <summary>One attempt: TCP, TLS and WebSocket where there are such, and CONNACK, all within the time-out. Failing is an answer here, not an exception.</summary>
    private async Task<(Connection? Connection, ConnAckPacket? ConnAck, ConnectionEnd? Failure)> TryConnectAsync(CancellationToken stop)
    {
        _version = NextVersion();
        if (CannotBeSaid() is { } impossible) return (null, null, impossible);
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(_options.ConnectTimeout);
        Connection? connection = null;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(_broker.Host, attempt.Token);
            var connAck = await LoopThread.Start("MQTT connect", () =>
            {
                connection = new Connection(Transport.Open(_broker, _options.Tls, addresses, attempt.Token));
                return Introduce(connection, attempt.Token, stop);
            });
            if (connAck.Reason != MqttReasonCode.Success)
            {
                connection!.Dispose();
                return (null, null, Refused(connAck));
            }

            _unanswered.CloseAll();
            if (!IsOnlyToAskOrToClean()) return (connection, connAck, null);
            await LoopThread.Start("MQTT connect", () => SayGoodbye(connection!));
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
    private ConnAckPacket Introduce(Connection connection, CancellationToken limit, CancellationToken stop)
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
        catch (Exception error) when (limit.IsCancellationRequested && IsBroken(error))
        {
            throw new OperationCanceledException(limit);
        }
    }

    private void SendConnect(Connection connection)
    {
        var connect = new ConnectPacket
        {
            Version = _version,
            ClientId = _clientId,
            CleanStart = IsCleanStart,
            KeepAlive = (ushort)Math.Ceiling(_options.KeepAlive.TotalSeconds),
            SessionExpiryInterval = (uint)_options.SessionExpiry.TotalSeconds,
            ReceiveMaximum = _options.ReceiveMaximum,
            MaximumPacketSize = (uint)_options.MaximumPacketSize,
            TopicAliasMaximum = _options.TopicAliasMaximum,
            RequestResponseInformation = _options.RequestResponseInformation,
            RequestProblemInformation = _options.RequestProblemInformation,
            UserProperties = MqttUserProperties.EncodeList(_options.UserProperties),
            Will = _will,
            UserName = _broker.UserName,
            Password = _broker.Password is null ? null : Encoding.UTF8.GetBytes(_broker.Password),
        };
        var bytes = new ArrayBufferWriter<byte>();
        connect.Encode(bytes);
        connection.Stream.Write(bytes.WrittenSpan);
        connection.LastSent = Environment.TickCount64;
    }

    private ConnAckPacket ReceiveConnAck(Connection connection)
    {
        while (connection.Input.Fill(connection.Stream) > 0)
        {
            if (!connection.Input.TryGet(out var buffer)) continue;
            if (TryTakeConnAck(buffer, out var connAck, out var consumed))
            {
                connection.Input.Take(buffer.GetPosition(consumed), buffer.GetPosition(consumed));
                connection.LastReceived = Environment.TickCount64;
                return connAck;
            }

            connection.Input.Take(buffer.Start, buffer.End);
        }

        throw new EndOfStreamException("it closed the connection instead of sending CONNACK");
    }

    private bool TryTakeConnAck(ReadOnlySequence<byte> buffer, out ConnAckPacket connAck, out int consumed)
    {
        connAck = null!;
        consumed = 0;
        Span<byte> start = stackalloc byte[FixedHeader.MaximumLength];
        start = start[..(int)Math.Min(buffer.Length, start.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        if (OtherProtocol.Recognise(start) is { } other) throw Violation.Malformed(other);
        if (!FixedHeader.TryRead(start, _options.MaximumPacketSize, out var header)) return false;
        if (header.Type == PacketType.Auth && _version == MqttProtocolVersion.V500)
            throw new MqttException(MqttReasonCode.BadAuthenticationMethod, "It answers CONNECT with AUTH.");
        if (header.Type != PacketType.ConnAck) throw Violation.Protocol($"{header.Type} before CONNACK");
        if (buffer.Length < header.PacketLength) return false;
        var body = new byte[header.BodyLength];
        buffer.Slice(header.Length, header.BodyLength).CopyTo(body);
        connAck = _version == MqttProtocolVersion.V311 ? ConnAckPacket.DecodeVersion311(body) : ConnAckPacket.Decode(body);
        consumed = header.PacketLength;
        if (IsCleanStart && connAck.SessionPresent) throw Violation.Protocol("CONNACK says that a session is present after a clean start (3.2.2.1.1)");
        if (_version == MqttProtocolVersion.V500 && _clientId.Length == 0 && connAck is { Reason: MqttReasonCode.Success, AssignedClientIdentifier: null })
            throw Violation.Protocol("CONNACK assigns no client identifier to a client without one (3.2.2.3.7)");
        return true;
    }

    /// <summary>
    /// A connection stands. The owner hears of it and of messages that went with a lost session, then what is in flight is
    /// sent again, and only then new messages are let in.
    /// </summary>
    private void Begin(Connection connection, ConnAckPacket connAck)
    {
        connection.ConnectedAt = Environment.TickCount64;
        connection.Epoch = _epoch + 1;
        connection.KeepAlive = connAck.ServerKeepAlive is { } seconds ? TimeSpan.FromSeconds(seconds) : _options.KeepAlive;
        _clientId = connAck.AssignedClientIdentifier ?? _clientId;
        _stoodWithVersion5 |= _version == MqttProtocolVersion.V500;
        _inherited = connAck.SessionPresent && (_inherited || !_connectedOnce);
        _connectedOnce = true;
        _received = _options.TopicAliasMaximum == 0 || _version == MqttProtocolVersion.V311 ? null : new ReceivedTopicAliases(_options.TopicAliasMaximum);
        var dropped = new List<Dropped>();
        lock (_gate)
        {
            _brokerAllows = connAck;
            _sentAliases = _options.UseTopicAliases && connAck.TopicAliasMaximum > 0 ? new SentTopicAliases(connAck.TopicAliasMaximum) : null;
            _brokerReceiveMaximum = connAck.ReceiveMaximum;
            _brokerMaximumQos = connAck.MaximumQos;
            _brokerRetainAvailable = connAck.RetainAvailable;
            _brokerMaximumPacketSize = connAck.MaximumPacketSize ?? uint.MaxValue;
            _deliveries.Begin(connAck.SessionPresent);
            _needsFreeing = _inherited && (_needsFreeing || _freeing > 0);
            _freeing = 0;
            _resendNext = 0;
            _outgoing.Clear();
            _epoch = connection.Epoch;
            DropUndeliverable(connAck.SessionPresent, dropped);
        }

        _logger.LogInformation(
            "MQTT: connected to {Broker} as '{ClientId}' with MQTT {Version}, session {Session}, receive maximum {ReceiveMaximum}.",
            _broker, _clientId, Name(_version), connAck.SessionPresent ? "present" : "new", connAck.ReceiveMaximum);
        TellConnected(connection, connAck, dropped);
        SubscribeRequest? initial;
        var subscribe = !(connAck.SessionPresent && _subscribedOnce);
        lock (_gate)
        {
            _open = connection;
            BeginSubscribing(subscribe, connAck.SessionPresent);
            _resendNext = _inFlight.First;
            _sentInFlight = 0;
            PumpLocked();
            if (IsOpenForNew && HasWindow) _waiter.Release();
            initial = _requests.First is { Value.Initial: true } first ? first.Value : null;
        }

        connection.SendSignal.Set();
        if (initial is null) Ready();
        else if (initial.IsAnswered) AfterInitial(connection, initial, null);
    }

    private void TellConnected(Connection connection, ConnAckPacket connAck, List<Dropped> dropped)
    {
        MqttTelemetry.OnConnected(connection.Epoch);
        EnterHandler();
        try
        {
            _handler.OnConnected(new MqttConnected(connection.Epoch, connAck.SessionPresent, connAck.ReceiveMaximum)
            {
                ProtocolVersion = _version,
                ClientId = _clientId,
                KeepAlive = connection.KeepAlive,
                SessionExpiry = connAck.SessionExpiryInterval is { } seconds ? TimeSpan.FromSeconds(seconds) : _options.SessionExpiry,
                MaximumQos = connAck.MaximumQos,
                RetainAvailable = connAck.RetainAvailable,
                MaximumPacketSize = connAck.MaximumPacketSize,
                TopicAliasMaximum = connAck.TopicAliasMaximum,
                WildcardSubscriptionAvailable = connAck.WildcardSubscriptionAvailable,
                SubscriptionIdentifiersAvailable = connAck.SubscriptionIdentifiersAvailable && _version == MqttProtocolVersion.V500,
                SharedSubscriptionAvailable = connAck.SharedSubscriptionAvailable,
                ResponseInformation = connAck.ResponseInformation,
                ReasonString = connAck.ReasonString,
                UserProperties = new MqttUserProperties(connAck.UserProperties.Span).ToList(),
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
            if (FarewellOf(end) is { } farewell) farewell.Span.CopyTo(_outgoing.Append(farewell.Length));
            else
            {
                _outgoing.Clear();
            }
        }

        connection.Finish();
    }

    /// <summary>DISCONNECT for that end; null: none is sent. MQTT 3.1.1 knows only an orderly one, without the will (3.1.1, 3.14).</summary>
    private ReadOnlyMemory<byte>? FarewellOf(ConnectionEnd end)
    {
        if (end.Farewell is not { } reason) return null;
        if (_version == MqttProtocolVersion.V311) return reason == MqttReasonCode.Success ? DisconnectPacket.Version311.ToArray() : null;
        var farewell = new ArrayBufferWriter<byte>();
        new DisconnectPacket { Reason = reason, SessionExpiryInterval = end.SessionExpiry }.Encode(farewell);
        return farewell.WrittenMemory;
    }

    private ConnectionEnd Refused(ConnAckPacket connAck) =>
        connAck.Reason == MqttReasonCode.UnsupportedProtocolVersion && FallBack() is { } fellBack
            ? fellBack
            : new(connAck.Reason, Refusals.Describe(_broker, _clientId, "refuses the connection", connAck.Reason, connAck.ReasonString, connAck.ServerReference))
            {
                Final = ReasonCodes.IsFinal(connAck.Reason),
                ReasonString = connAck.ReasonString,
            };

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
