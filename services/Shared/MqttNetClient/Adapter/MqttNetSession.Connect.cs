using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using MQTTnet.Exceptions;
using MQTTnet.Packets;
using Tally.Mqtt;
using Tally.Mqtt.Packets;
using Tally.Mqtt.Transports;

namespace Tally.MqttNetClient;

// CONNECT, CONNACK, and what a new connection means for the session (3.1, 3.2, 4.1, 4.4).
internal sealed partial class MqttNetSession
{
    private static readonly MQTTnet.MqttClientFactory Net = new();

    private readonly UnansweredConnects _unanswered = new();
    private string _clientId;
    private bool _connectedOnce;

    // The broker refused MQTT 5 and was not made to speak it.
    private bool _is311;

    /// <summary>One attempt: TCP and CONNACK, both within the time-out. Failing is an answer here, not an exception.</summary>
    private async Task<(NetConnection? Connection, Accepted? Accepted, ConnectionEnd? Failure)> TryConnectAsync(CancellationToken stop)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(_options.ConnectTimeout);
        NetConnection? connection = null;
        try
        {
            var clean = _options.CleanStart && !_connectedOnce;
            if (clean && IsSpeaking311 && _options.SessionExpiry > TimeSpan.Zero)
            {
                // In 3.1.1 a clean session also ends with its connection (3.1.2.4): it takes one to discard the old session.
                using var discarding = await OpenAsync(attempt.Token);
                await IntroduceAsync(discarding, ConnectPackets.Create(_options, _broker, _clientId, clean, discarding.Version), attempt.Token);
                await discarding.SendAtOnceAsync(new MqttDisconnectPacket());
                clean = false;
            }

            connection = await OpenAsync(attempt.Token);
            var connAck = await IntroduceAsync(connection, ConnectPackets.Create(_options, _broker, _clientId, clean, connection.Version), attempt.Token);
            var accepted = Accepted.From(connAck, connection.Version, _options);
            if (accepted.Reason == MqttReasonCode.Success)
            {
                Check(accepted, clean);
                _unanswered.CloseAll();
                return (connection, accepted, null);
            }

            connection.Dispose();
            if (accepted.Reason != MqttReasonCode.UnsupportedProtocolVersion || _options.ProtocolVersion != MqttProtocolVersion.Automatic || _is311)
                return (null, null, Refused(accepted));
            _is311 = true;
            _logger.LogInformation("MQTT: broker {Broker} does not speak MQTT 5; connecting with 3.1.1.", _broker);
            return await TryConnectAsync(stop);
        }
        catch (Exception error) when (error is MqttException || IsBroken(error))
        {
            var failure = stop.IsCancellationRequested ? ConnectionEnd.ByStop : Failed(error, connection is not null, attempt.IsCancellationRequested);
            if (connection is not null && attempt.IsCancellationRequested && !stop.IsCancellationRequested) _unanswered.Keep(connection);
            else connection?.Dispose();
            return (null, null, failure);
        }
    }

    private bool IsSpeaking311 => _is311 || _options.ProtocolVersion == MqttProtocolVersion.V311;

    private async Task<NetConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var channel = new BrokerChannel(_options, _broker);
        var net = Net.CreateLowLevelMqttClient();
        try
        {
            var version = IsSpeaking311 ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;
            await net.ConnectAsync(channel.Options(version), cancellationToken);
            return new NetConnection(net, channel.Wire) { Version = version };
        }
        catch (Exception error) when (channel.Refusal is { } refusal)
        {
            net.Dispose();
            throw new TransportException(MqttReasonCode.UnspecifiedError, refusal, error);
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    /// <summary>CONNECT and its answer.</summary>
    private static async Task<MqttConnAckPacket> IntroduceAsync(NetConnection connection, MqttConnectPacket connect, CancellationToken cancellationToken)
    {
        await connection.SendAtOnceAsync(connect);
        var answer = await connection.ReceiveAsync(cancellationToken);
        connection.CountReceived();
        return answer switch
        {
            MqttConnAckPacket connAck => connAck,
            MqttAuthPacket => throw new MqttException(
                MqttReasonCode.BadAuthenticationMethod, "It wants enhanced authentication (AUTH), which this client does not do: use user name and password."),
            _ => throw Violation.Protocol($"{answer} before CONNACK"),
        };
    }

    private void Check(Accepted accepted, bool clean)
    {
        if (clean && accepted.SessionPresent) throw Violation.Protocol("CONNACK says that a session is present after a clean start (3.2.2.1.1)");
        if (_clientId.Length == 0 && accepted.AssignedClientId is null && !IsSpeaking311)
            throw Violation.Protocol("CONNACK assigns no client identifier to a client without one (3.2.2.3.7)");
    }

    /// <summary>
    /// A connection stands. The owner hears of it and of messages that went with a lost session, then what is in flight is
    /// sent again, and only then new messages are let in.
    /// </summary>
    private void Begin(NetConnection connection, Accepted accepted)
    {
        connection.ConnectedAt = Environment.TickCount64;
        connection.Epoch = _epoch + 1;
        connection.KeepAlive = accepted.Connected.KeepAlive;
        _clientId = accepted.AssignedClientId ?? _clientId;
        var inherited = accepted.SessionPresent && (_inherited || !_connectedOnce);
        _connectedOnce = true;
        var connected = accepted.Connected with { Epoch = connection.Epoch, ClientId = _clientId };
        var dropped = new List<Dropped>();
        lock (_gate)
        {
            _accepted = connected;
            _resend = null;
            _inherited = inherited;
            _needsFreeing = inherited && (_needsFreeing || _freeing > 0);
            _freeing = 0;
            _epoch = connection.Epoch;
            _deliveries.Begin(connected.SessionPresent);
            DropUndeliverable(connected.SessionPresent, dropped);
        }

        _logger.LogInformation(
            "MQTT: connected to {Broker} as '{ClientId}' with MQTTnet and MQTT {Version}, session {Session}, receive maximum {ReceiveMaximum}.",
            _broker, _clientId, connection.Version == MqttProtocolVersion.V500 ? "5" : "3.1.1", connected.SessionPresent ? "present" : "new", connected.ReceiveMaximum);
        MqttTelemetry.OnConnected(connected.Epoch);
        TellConnected(connected, dropped);
        lock (_gate)
        {
            _open = connection;
            BeginRequests(connection, connected.SessionPresent);
            _resend = _sent.First;
            _sentOnConnection = 0;
            Pump(connection);
            _waiter.Release();
        }
    }

    private void TellConnected(MqttConnected connected, List<Dropped> dropped)
    {
        try
        {
            EnterHandler();
            _handler.OnConnected(connected);
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

    /// <summary>No more is taken for this connection; what a broker shall hear last goes behind what is waiting.</summary>
    private void Close(NetConnection connection, ConnectionEnd end)
    {
        _ready = false;
        lock (_gate)
        {
            _open = null;
            if (end.Farewell is { } reason) connection.Send(FarewellPacket(connection, end, reason));
        }

        connection.Finish();
    }

    private ConnectionEnd Refused(Accepted accepted) =>
        new(accepted.Reason, Refusals.Describe(_broker, _clientId, "refuses the connection", accepted.Reason, accepted.Connected.ReasonString, accepted.ServerReference))
        {
            Final = ReasonCodes.IsFinal(accepted.Reason),
            ReasonString = accepted.Connected.ReasonString,
        };

    private ConnectionEnd Failed(Exception error, bool reached, bool timedOut) => error switch
    {
        TransportException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} cannot be used: {wrong.Message}."),
        MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
        MqttProtocolViolationException wrong => new ConnectionEnd(
            MqttReasonCode.ProtocolError, $"Broker {_broker} answers CONNECT of client id '{_clientId}' wrongly. {wrong.Message}"),
        _ when reached && timedOut => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable,
            $"Broker {_broker} took the connection of client id '{_clientId}' but sent no CONNACK within {_options.ConnectTimeout.TotalSeconds} s."),
        _ when timedOut => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: no answer within {_options.ConnectTimeout.TotalSeconds} s."),
        _ when reached => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} broke off the connection of client id '{_clientId}' before CONNACK: {Why(error)}."),
        { InnerException: AuthenticationException or WebSocketException } => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be used: {Why(error.InnerException)}. Does it speak {_broker.Scheme}:// on that port?"),
        _ => new ConnectionEnd(
            MqttReasonCode.ServerUnavailable, $"Broker {_broker} cannot be reached: {Why(error)}. Is it running, and are host and port right?"),
    };

    private static string Why(Exception error) => (error switch
    {
        { InnerException: SocketException socket } => socket.Message,
        // What one loop sees of a socket that was closed for the other's error.
        OperationCanceledException or InvalidOperationException => "The connection is closed.",
        _ => error.Message,
    }).TrimEnd('.');
}
