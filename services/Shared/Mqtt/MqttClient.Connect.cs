using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Tally.Mqtt.Packets;

namespace Tally.Mqtt;

// CONNECT, CONNACK, and what a new connection means for the session (3.1, 3.2, 4.1, 4.4).
public sealed partial class MqttClient
{
    private string _clientId;
    private bool _connectedOnce;
    private bool _subscribedOnce;

    // What the broker of the open connection allows; under the lock.
    private ushort _brokerReceiveMaximum;
    private MqttQos _brokerMaximumQos;
    private bool _brokerRetainAvailable;
    private uint _brokerMaximumPacketSize;

    /// <summary>One attempt: TCP and CONNACK, both within the time-out. Failing is an answer here, not an exception.</summary>
    private async Task<(Connection? Connection, ConnAckPacket? ConnAck, ConnectionEnd? Failure)> TryConnectAsync(CancellationToken stop)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(_options.ConnectTimeout);
        Connection? connection = null;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(_broker.Host, attempt.Token);
            var connAck = await LoopThread.Start("MQTT connect", () =>
            {
                connection = new Connection(Transport.Open(addresses, _broker.Port, attempt.Token));
                return Introduce(connection, attempt.Token);
            });
            if (connAck.Reason == MqttReasonCode.Success) return (connection, connAck, null);
            connection?.Dispose();
            return (null, null, Refused(connAck));
        }
        catch (Exception error) when (error is MqttException or OperationCanceledException || IsBroken(error))
        {
            var failure = stop.IsCancellationRequested ? ConnectionEnd.ByStop : Failed(error, connection is not null);
            connection?.Dispose();
            return (null, null, failure);
        }
    }

    /// <summary>CONNECT and its answer. Blocks.</summary>
    private ConnAckPacket Introduce(Connection connection, CancellationToken cancellationToken)
    {
        try
        {
            using (cancellationToken.UnsafeRegister(static connection => ((Connection)connection!).AbortAfter(TimeSpan.Zero), connection))
            {
                SendConnect(connection);
                return ReceiveConnAck(connection);
            }
        }
        catch (Exception error) when (cancellationToken.IsCancellationRequested && IsBroken(error))
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private void SendConnect(Connection connection)
    {
        var connect = new ConnectPacket
        {
            ClientId = _clientId,
            CleanStart = _options.CleanStart && !_connectedOnce,
            KeepAlive = (ushort)Math.Ceiling(_options.KeepAlive.TotalSeconds),
            SessionExpiryInterval = (uint)_options.SessionExpiry.TotalSeconds,
            ReceiveMaximum = _options.ReceiveMaximum,
            MaximumPacketSize = (uint)_options.MaximumPacketSize,
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

        throw new IOException("it closed the connection instead of sending CONNACK");
    }

    private bool TryTakeConnAck(ReadOnlySequence<byte> buffer, out ConnAckPacket connAck, out int consumed)
    {
        connAck = null!;
        consumed = 0;
        Span<byte> start = stackalloc byte[FixedHeader.MaximumLength];
        start = start[..(int)Math.Min(buffer.Length, start.Length)];
        buffer.Slice(0, start.Length).CopyTo(start);
        if (!FixedHeader.TryRead(start, _options.MaximumPacketSize, out var header)) return false;
        if (header.Type != PacketType.ConnAck) throw Violation.Protocol($"{header.Type} before CONNACK");
        if (buffer.Length < header.PacketLength) return false;
        var body = new byte[header.BodyLength];
        buffer.Slice(header.Length, header.BodyLength).CopyTo(body);
        connAck = ConnAckPacket.Decode(body);
        consumed = header.PacketLength;
        var cleanStart = _options.CleanStart && !_connectedOnce;
        if (cleanStart && connAck.SessionPresent) throw Violation.Protocol("CONNACK says that a session is present after a clean start (3.2.2.1.1)");
        if (_clientId.Length == 0 && connAck is { Reason: MqttReasonCode.Success, AssignedClientIdentifier: null })
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
        _connectedOnce = true;
        var dropped = new List<Dropped>();
        lock (_gate)
        {
            _brokerReceiveMaximum = connAck.ReceiveMaximum;
            _brokerMaximumQos = connAck.MaximumQos;
            _brokerRetainAvailable = connAck.RetainAvailable;
            _brokerMaximumPacketSize = connAck.MaximumPacketSize ?? uint.MaxValue;
            _unacknowledged = 0;
            _subscribing = false;
            _resendNext = 0;
            _outgoing.Clear();
            _epoch = connection.Epoch;
            DropUndeliverable(connAck.SessionPresent, dropped);
        }

        _logger.LogInformation(
            "MQTT: connected to {Broker} as '{ClientId}', session {Session}, receive maximum {ReceiveMaximum}.",
            _broker, _clientId, connAck.SessionPresent ? "present" : "new", connAck.ReceiveMaximum);
        _handler.OnConnected(new MqttConnected(connection.Epoch, connAck.SessionPresent, connAck.ReceiveMaximum));
        foreach (var message in dropped) GiveBack(message);

        var subscribe = _options.Subscriptions.Count > 0 && !(connAck.SessionPresent && _subscribedOnce);
        lock (_gate)
        {
            _open = connection;
            if (subscribe) AppendSubscribe(connAck.SessionPresent);
            _resendNext = _inFlight.First;
            _sentInFlight = 0;
            PumpLocked();
            _waiter.Release();
        }

        connection.SendSignal.Set();
        if (!subscribe) Ready();
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
            if (end.Farewell is { } reason)
            {
                var farewell = new ArrayBufferWriter<byte>();
                new DisconnectPacket { Reason = reason }.Encode(farewell);
                farewell.WrittenSpan.CopyTo(_outgoing.Append(farewell.WrittenCount));
            }
            else
            {
                _outgoing.Clear();
            }
        }

        connection.Finish();
    }

    private void AppendSubscribe(bool sessionPresent)
    {
        var filters = new SubscribeFilter[_options.Subscriptions.Count];
        for (var index = 0; index < filters.Length; index++)
        {
            var (filter, qos, noLocal) = _options.Subscriptions[index];
            filters[index] = new SubscribeFilter(
                filter,
                qos > HighestQos ? HighestQos : qos,
                noLocal,
                // Retained messages came with the session's first subscription already.
                RetainHandling: sessionPresent ? MqttRetainHandling.SendIfNew : MqttRetainHandling.Send);
        }

        var packet = new ArrayBufferWriter<byte>();
        new SubscribePacket { PacketId = SubscribePacketId, Filters = filters }.Encode(packet);
        packet.WrittenSpan.CopyTo(_outgoing.Append(packet.WrittenCount));
        _subscribing = true;
    }

    private ConnectionEnd Refused(ConnAckPacket connAck) =>
        new(connAck.Reason, Refusals.Describe(_broker, _clientId, "refuses the connection", connAck.Reason, connAck.ReasonString, connAck.ServerReference))
        {
            Final = ReasonCodes.IsFinal(connAck.Reason),
        };

    private ConnectionEnd Failed(Exception error, bool reached) => error switch
    {
        MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
        OperationCanceledException when reached => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable,
            $"Broker {_broker} took the connection of client id '{_clientId}' but sent no CONNACK within {_options.ConnectTimeout.TotalSeconds} s."),
        OperationCanceledException => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: no answer within {_options.ConnectTimeout.TotalSeconds} s."),
        _ when reached => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} broke off the connection of client id '{_clientId}' before CONNACK: {error.Message}."),
        _ => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: {error.Message}. Is it running, and are host and port right?"),
    };
}
