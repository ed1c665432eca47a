using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using MQTTnet.Exceptions;
using Tally.Mqtt;

namespace Tally.MqttNetClient;

/// <summary>
/// A session on MQTTnet's low-level client: its packets, its codec, its TLS and WebSocket channels. Its own session,
/// <c>MqttClient</c>, is left aside for what it does not do: it begins packet identifiers anew with each connection and
/// keeps nothing to send again, takes packets off the socket into a queue without bound, hands a QoS 2 message over as often
/// as it comes, acknowledges in the order in which handlers end, and searches a list of all waiting publishers for each PUBACK.
/// All of that is done here, as <see cref="IMqttClient"/> promises it.
/// </summary>
/// <remarks>
/// What cannot be made good from outside of MQTTnet 5.2:
/// <list type="bullet">
/// <item>Cost. Each packet becomes strings, lists and tasks on its way: some microseconds and about a kilobyte a message. Over a WebSocket
/// each is also written by itself and read in three pieces, and <see cref="MqttClientOptions.GatherTime"/> has nothing to act on; over TCP
/// and TLS that is made good (<see cref="GatheringStream"/>). <see cref="MqttClientOptions.UseTopicAliases"/> is not used.</item>
/// <item>A write that fails closes the socket for reading too: a DISCONNECT that the broker sent just before it closed can be lost, and
/// its reason with it.</item>
/// <item>Version 3.1.1 is fallen back to where a broker refuses 5 by name. One that only closes the connection on CONNECT needs
/// <see cref="MqttClientOptions.ProtocolVersion"/>.</item>
/// <item>A packet of any length that the protocol allows (256 MB) is read whole before its length can be judged by
/// <see cref="MqttClientOptions.MaximumPacketSize"/>.</item>
/// <item>Its decoder does not check everything (invalid UTF-8 becomes U+FFFD, reserved bits are not looked at, property values
/// out of range pass), and after a packet that it does refuse the connection is gone: the broker gets no DISCONNECT that says why.</item>
/// <item>A property whose value is 0 is the same as one that is absent: a session expiry of 0 in CONNACK reads as the one asked
/// for, a message expiry of 0 cannot be sent or seen, and a session is ended by a further clean start instead of by DISCONNECT.</item>
/// <item>Over TLS intermediate certificates of the client are not sent, and over <c>wss://</c> server name and ALPN cannot be chosen.</item>
/// </list>
/// </remarks>
internal sealed partial class MqttNetSession : IMqttClient
{
    // As with the built-in client.
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EarlyEndTime = TimeSpan.FromSeconds(5);
    private const int EarlyEndsOfTakeover = 3;

    private readonly MqttClientOptions _options;
    private readonly IMqttHandler _handler;
    private readonly ILogger _logger;
    private readonly BrokerAddress _broker;
    private readonly BackOff _backOff;
    private readonly CancellationTokenSource _disposing = new();

    // The session's state. All of it is used under the lock; the handler is never called under it.
    private readonly Lock _gate = new();
    private readonly SentMessages _sent;
    private readonly IncomingDeliveries _deliveries = new();
    private readonly PublishWaiter _waiter;
    private readonly LinkedList<PendingPublish> _waiting = new();
    private NetConnection? _open;
    private Exception? _over;
    private Task? _run;
    private int _disposed;

    // The session whose handler runs on this thread.
    [ThreadStatic]
    private static MqttNetSession? s_inHandlerOf;

    // The owner runs, from whatever loop; its exceptions are not those of the connection.
    private bool _inHandler;

    // Used by the loop of RunAsync only.
    private int _earlyEnds;
    private string? _lastTold;

    private volatile int _epoch;
    private volatile bool _ready;

    public MqttNetSession(MqttClientOptions options, IMqttHandler handler, ILogger<MqttNetSession> logger)
    {
        _options = options;
        _handler = handler;
        _logger = logger;
        _broker = BrokerAddress.From(options);
        _clientId = options.ClientId;
        _backOff = new BackOff(options.ReconnectDelay, options.MaxReconnectDelay, Random.Shared);
        _sent = new SentMessages(Math.Min(options.PublishWindow, (ushort)(RequestPacketId - 1)));
        _waiter = new PublishWaiter(_gate);
        _subscriptions = [.. options.Subscriptions];
    }

    /// <inheritdoc/>
    public int Epoch => _epoch;

    /// <inheritdoc/>
    public bool IsReady => _ready;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_run is not null) throw new InvalidOperationException("RunAsync can be called once; make a new client.");
            return _run = Task.Run(() => RunConnectionsAsync(stop), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        RefuseWithinHandler(nameof(DisposeAsync));
        Task? run;
        lock (_gate)
        {
            if (_disposed != 0) return;
            _disposed = 1;
            run = _run;
        }

        await _disposing.CancelAsync();

        // How it ended is for the caller of RunAsync to see.
        if (run is not null) await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else EndSession(new ObjectDisposedException(nameof(IMqttClient)));
        _disposing.Dispose();
    }

    private async Task RunConnectionsAsync(CancellationToken stop)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stop, _disposing.Token, _disconnecting.Token);
        Exception over = new MqttSessionLostException($"The MQTT client '{_clientId}' was stopped.");
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var end = await ConnectAndServeAsync(stopping.Token);
                Tell(end);
                if (end.Fault is not null) ExceptionDispatchInfo.Throw(end.Fault);
                if (end.Final) throw new MqttRefusedException(end.Reason, end.Message) { ReasonString = end.ReasonString };
                if (end.Stopped) break;
                var pause = _earlyEnds < EarlyEndsOfTakeover ? _backOff.Next() : _options.TakeoverDelay;
                await Task.Delay(pause, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (_farewell is { SessionExpiry: { } expiry } && expiry == TimeSpan.Zero) await EndSessionAtBrokerAsync();
        }
        catch (Exception error)
        {
            // Whoever waits for the session learns why there is none any more; the exception itself goes to the caller.
            over = error;
            throw;
        }
        finally
        {
            _unanswered.CloseAll();
            EndSession(over);
        }
    }

    private async Task<ConnectionEnd> ConnectAndServeAsync(CancellationToken stop)
    {
        var (connection, connAck, failure) = await TryConnectAsync(stop);
        if (connection is null) return failure!;
        using (connection)
        {
            return await ServeAsync(connection, connAck!, stop);
        }
    }

    private async Task<ConnectionEnd> ServeAsync(NetConnection connection, Accepted accepted, CancellationToken stop)
    {
        try
        {
            Begin(connection, accepted);
        }
        catch (Exception error)
        {
            // Only the handler can fail here; its exception ends the client.
            connection.End(Fault(error));
        }

        var send = SendLoopAsync(connection);
        var receive = ReceiveLoopAsync(connection);
        var keepAlive = KeepAliveLoopAsync(connection);
        ConnectionEnd end;
        await using (stop.UnsafeRegister(static connection => ((NetConnection)connection!).End(ConnectionEnd.ByStop), connection))
        {
            end = await connection.Ended;
        }

        Close(connection, end);
        connection.AbortAfter(end switch
        {
            { Stopped: true } => _options.StopTimeout,
            { Farewell: not null } => FarewellTime,
            _ => TimeSpan.Zero,
        });
        await send;
        await receive;
        await keepAlive;
        foreach (var unwritten in connection.Unwritten()) unwritten.TrySetException(SessionLost());
        return AfterLife(connection, connection.InOtherWords(end));
    }

    /// <summary>Counts connections that the broker closed early: two clients with one identifier take the session from each other.</summary>
    private ConnectionEnd AfterLife(NetConnection connection, ConnectionEnd end)
    {
        end = end with { Epoch = connection.Epoch };
        if (Environment.TickCount64 - connection.ConnectedAt >= EarlyEndTime.TotalMilliseconds)
        {
            _earlyEnds = 0;
            _lastTold = null;
        }
        else if (end.WithoutAWord && ++_earlyEnds >= EarlyEndsOfTakeover)
        {
            return end with
            {
                Reason = MqttReasonCode.SessionTakenOver,
                Message = $"Another client uses id '{_clientId}' at broker {_broker}: the connection was closed without a word within " +
                    $"{EarlyEndTime.TotalSeconds} s of CONNACK {EarlyEndsOfTakeover} times in a row. Give each process a client id of its own.",
            };
        }

        return end;
    }

    /// <summary>Tells owner and log why a connection, or the attempt at one, ended; the same failure of attempts in a row only once.</summary>
    private void Tell(ConnectionEnd end)
    {
        var again = end.Message != _lastTold;
        _lastTold = end.Message;
        if (again && end.Stopped) _logger.LogInformation("MQTT: {Message}", end.Message);
        else if (again && !end.Final && end.Fault is null) _logger.LogWarning("MQTT: {Message} Connecting again.", end.Message);
        if (!again && end.Epoch == 0) return;
        EnterHandler();
        try
        {
            _handler.OnDisconnected(new MqttDisconnected(end.Epoch, end.Reason, end.Message) { ReasonString = end.ReasonString });
        }
        finally
        {
            LeaveHandler();
        }
    }

    private void RefuseWithinHandler(string method)
    {
        if (s_inHandlerOf == this)
            throw new InvalidOperationException($"{method} within a handler would wait for that handler; cancel the token of RunAsync instead.");
    }

    private void EnterHandler() => (_inHandler, s_inHandlerOf) = (true, this);

    private void LeaveHandler() => (_inHandler, s_inHandlerOf) = (false, null);

    private static ConnectionEnd Fault(Exception error) =>
        new(MqttReasonCode.ImplementationSpecificError, $"{error.GetType().Name}: {error.Message}")
        {
            Fault = error,
            Farewell = MqttReasonCode.ImplementationSpecificError,
        };

    /// <summary>What a broken connection looks like from MQTTnet, which closes it itself at the first error.</summary>
    private static bool IsBroken(Exception error) => error is
        MqttCommunicationException or MqttProtocolViolationException or OperationCanceledException or InvalidOperationException or IOException;

    private ConnectionEnd Explain(Exception error) => error switch
    {
        MqttException wrong => new ConnectionEnd(wrong.Reason, $"Broker {_broker} broke the protocol. {wrong.Message}") { Farewell = wrong.Reason },
        MqttProtocolViolationException wrong => new ConnectionEnd(
            MqttReasonCode.ProtocolError, $"Broker {_broker} broke the protocol. {wrong.Message}"),
        _ when IsBroken(error) => new ConnectionEnd(
            MqttReasonCode.UnspecifiedError, $"The connection of client id '{_clientId}' to broker {_broker} broke: {Why(error)}.") { WithoutAWord = true },
        _ => Fault(error),
    };
}
